import { EMPTY_BYTES } from "../../base/bytes.ts";
import type { BucketRoot } from "./bucket_root.ts";
import { damage } from "./damage.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { compareRanges, type Page } from "./page.ts";
import type { PageSource } from "./page_store.ts";

/** The page at the top of a bucket's tree. */
export function topPage(source: PageSource, root: BucketRoot): Page {
  return root.inlinePage ?? source.page(root.pageId);
}

/** The child of a branch page `depth` levels below the top. */
export function childPage(source: PageSource, branch: Page, index: number, depth: number): Page {
  if (depth >= BTREE_LIMITS.depth) {
    const offset = branch.id * source.pageBytes;
    throw damage(source.path, offset, `the tree is more than ${BTREE_LIMITS.depth} levels deep`);
  }
  return source.page(branch.childId(index));
}

/**
 * Walks over the pairs of a bucket in the order of their keys. Where it stands, the key is
 * bytes[keyStart, valueStart) and the value bytes[valueStart, valueEnd). Those bytes never change,
 * but as long as they are held, so is all of their page: copy what is kept.
 */
export class Cursor {
  bytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Whether the value is a bucket within this one, of which etcd has none. */
  isBucket = false;

  readonly #source: PageSource;
  readonly #root: BucketRoot;
  /** The pages from the top down to the leaf, and where in each the cursor stands. */
  readonly #pages: Page[] = [];
  readonly #indexes: number[] = [];

  constructor(source: PageSource, root: BucketRoot) {
    this.#source = source;
    this.#root = root;
  }

  /** A fresh view of the key. */
  get key(): Uint8Array {
    return this.bytes.subarray(this.keyStart, this.valueStart);
  }

  /** A fresh view of the value. */
  get value(): Uint8Array {
    return this.bytes.subarray(this.valueStart, this.valueEnd);
  }

  /** Each of these says whether there is such a pair; if not, `next` and `previous` find none. */
  first(): boolean {
    this.#goToTop();
    this.#descend(1);
    return this.#settle(1);
  }

  last(): boolean {
    this.#goToTop();
    this.#descend(-1);
    return this.#settle(-1);
  }

  /** Goes to the first pair whose key is not below `key`. */
  seek(key: Uint8Array): boolean {
    this.#goToTop();
    let page = this.#pages[0];
    while (!page.isLeaf) page = this.#enterChild(page.childIndexFor(key));
    this.#indexes.push(page.lowerBound(key));
    return this.#settle(1);
  }

  next(): boolean {
    const leaf = this.#pages.length - 1;
    if (leaf < 0) return false;
    const index = ++this.#indexes[leaf];
    if (index >= this.#pages[leaf].count) return this.#settle(1);
    this.#load(this.#pages[leaf], index);
    return true;
  }

  previous(): boolean {
    const leaf = this.#pages.length - 1;
    if (leaf < 0) return false;
    this.#indexes[leaf]--;
    return this.#settle(-1);
  }

  #goToTop(): void {
    this.#leave();
    this.#pages.push(topPage(this.#source, this.#root));
  }

  #leave(): void {
    this.#indexes.length = 0;
    this.#pages.length = 0;
  }

  /** From the last page on the way, which is a branch without an index yet, to one of its children. */
  #enterChild(index: number): Page {
    this.#indexes.push(index);
    return this.#pushChild();
  }

  #pushChild(): Page {
    const depth = this.#pages.length;
    try {
      const branch = this.#pages[depth - 1];
      const child = childPage(this.#source, branch, this.#indexes[depth - 1], depth);
      this.#pages.push(child);
      return child;
    } catch (error) {
      // Half a way must not be taken for a whole one by the next call.
      this.#leave();
      throw error;
    }
  }

  /** Goes down to a leaf along the first children, or with -1 along the last ones. */
  #descend(direction: 1 | -1): void {
    let page = this.#pages[this.#pages.length - 1];
    while (!page.isLeaf) page = this.#enterChild(direction > 0 ? 0 : page.count - 1);
    this.#indexes.push(direction > 0 ? 0 : page.count - 1);
  }

  /** Goes on to the nearest leaf in that direction that has pairs, if this one has no more. */
  #settle(direction: 1 | -1): boolean {
    const before = this.#pages[this.#pages.length - 1];
    let leaf = before;
    while (!isIndexOf(leaf, this.#indexes[this.#indexes.length - 1])) {
      if (!this.#climb(direction)) return false;
      this.#descend(direction);
      leaf = this.#pages[this.#pages.length - 1];
    }
    if (leaf !== before && before.count > 0) {
      if (direction > 0) this.#checkOrder(before, leaf);
      else this.#checkOrder(leaf, before);
    }
    this.#load(leaf, this.#indexes[this.#indexes.length - 1]);
    return true;
  }

  /** Leaves the leaf for the nearest branch with a child in that direction, and steps down to it. */
  #climb(direction: 1 | -1): boolean {
    const pages = this.#pages;
    const indexes = this.#indexes;
    do {
      pages.pop();
      indexes.pop();
      if (pages.length === 0) return false;
      indexes[indexes.length - 1] += direction;
    } while (!isIndexOf(pages[pages.length - 1], indexes[indexes.length - 1]));
    this.#pushChild();
    return true;
  }

  /** Keys that descend from one leaf to the next are how a tree shows that its pages got mixed up. */
  #checkOrder(left: Page, right: Page): void {
    const last = left.count - 1;
    const order = compareRanges(
      left.bytes,
      left.keyStart(last),
      left.keySize(last),
      right.bytes,
      right.keyStart(0),
      right.keySize(0),
    );
    if (order < 0) return;
    this.#leave();
    const offset = right.id * this.#source.pageBytes;
    throw damage(this.#source.path, offset, `page ${right.id} has keys that belong before it`);
  }

  #load(leaf: Page, index: number): void {
    this.bytes = leaf.bytes;
    this.keyStart = leaf.keyStart(index);
    this.valueStart = this.keyStart + leaf.keySize(index);
    this.valueEnd = this.valueStart + leaf.valueSize(index);
    this.isBucket = leaf.isBucket(index);
  }
}

function isIndexOf(page: Page, index: number): boolean {
  return index >= 0 && index < page.count;
}

/** The leaf below `top` in which `key` would be. */
export function findLeaf(source: PageSource, top: Page, key: Uint8Array): Page {
  let page = top;
  for (let depth = 1; !page.isLeaf; depth++) {
    page = childPage(source, page, page.childIndexFor(key), depth);
  }
  return page;
}

/** The index of exactly this key in a leaf; -1 if it is not there. */
export function indexOfKey(leaf: Page, key: Uint8Array): number {
  const index = leaf.lowerBound(key);
  return index < leaf.count && leaf.compareKeyAt(index, key) === 0 ? index : -1;
}
