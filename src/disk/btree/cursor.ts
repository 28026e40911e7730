import { EMPTY_BYTES } from "../../base/bytes.ts";
import type { BucketRoot } from "./bucket_root.ts";
import { damage } from "./damage.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { compareKey, type Page } from "./page.ts";
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
    this.#descendFirst();
    return this.#settleForward();
  }

  last(): boolean {
    this.#goToTop();
    this.#descendLast();
    return this.#settleBackward();
  }

  /** Goes to the first pair whose key is not below `key`. */
  seek(key: Uint8Array): boolean {
    this.#goToTop();
    let page = this.#pages[0];
    while (!page.isLeaf) {
      const index = page.childIndexFor(key);
      this.#indexes.push(index);
      page = childPage(this.#source, page, index, this.#pages.length);
      this.#pages.push(page);
    }
    this.#indexes.push(page.lowerBound(key));
    return this.#settleForward();
  }

  next(): boolean {
    const leaf = this.#pages.length - 1;
    if (leaf < 0) return false;
    const index = ++this.#indexes[leaf];
    if (index < this.#pages[leaf].count) {
      this.#load(this.#pages[leaf], index);
      return true;
    }
    return this.#settleForward();
  }

  previous(): boolean {
    const leaf = this.#pages.length - 1;
    if (leaf < 0) return false;
    this.#indexes[leaf]--;
    return this.#settleBackward();
  }

  #goToTop(): void {
    this.#indexes.length = 0;
    this.#pages.length = 0;
    this.#pages.push(topPage(this.#source, this.#root));
  }

  #descendFirst(): void {
    let page = this.#pages[this.#pages.length - 1];
    while (!page.isLeaf) {
      this.#indexes.push(0);
      page = childPage(this.#source, page, 0, this.#pages.length);
      this.#pages.push(page);
    }
    this.#indexes.push(0);
  }

  #descendLast(): void {
    let page = this.#pages[this.#pages.length - 1];
    while (!page.isLeaf) {
      this.#indexes.push(page.count - 1);
      page = childPage(this.#source, page, page.count - 1, this.#pages.length);
      this.#pages.push(page);
    }
    this.#indexes.push(page.count - 1);
  }

  /** Goes on to the next leaf that has pairs, if the cursor stands behind the end of its leaf. */
  #settleForward(): boolean {
    const before = this.#pages[this.#pages.length - 1];
    while (this.#indexes[this.#indexes.length - 1] >= this.#pages[this.#pages.length - 1].count) {
      if (!this.#climb(1)) return false;
      this.#descendFirst();
    }
    const leaf = this.#pages[this.#pages.length - 1];
    if (leaf !== before && before.count > 0) this.#checkOrder(before, leaf);
    this.#load(leaf, this.#indexes[this.#indexes.length - 1]);
    return true;
  }

  /** Goes back to the last leaf that has pairs, if the cursor stands before the start of its leaf. */
  #settleBackward(): boolean {
    const before = this.#pages[this.#pages.length - 1];
    while (this.#indexes[this.#indexes.length - 1] < 0) {
      if (!this.#climb(-1)) return false;
      this.#descendLast();
    }
    const leaf = this.#pages[this.#pages.length - 1];
    if (leaf !== before && before.count > 0) this.#checkOrder(leaf, before);
    this.#load(leaf, this.#indexes[this.#indexes.length - 1]);
    return true;
  }

  /** Leaves the leaf for the nearest branch with a child in that direction, and steps down to it. */
  #climb(step: 1 | -1): boolean {
    const pages = this.#pages;
    const indexes = this.#indexes;
    do {
      pages.pop();
      indexes.pop();
      if (pages.length === 0) return false;
      indexes[indexes.length - 1] += step;
    } while (!isChildIndex(pages[pages.length - 1], indexes[indexes.length - 1]));
    const branch = pages[pages.length - 1];
    pages.push(childPage(this.#source, branch, indexes[indexes.length - 1], pages.length));
    return true;
  }

  /** Keys that descend from one leaf to the next are how a tree shows that its pages got mixed up. */
  #checkOrder(left: Page, right: Page): void {
    const start = right.keyStart(0);
    const rightKey = right.bytes.subarray(start, start + right.keySize(0));
    const last = left.keyStart(left.count - 1);
    if (compareKey(left.bytes, last, last + left.keySize(left.count - 1), rightKey) < 0) return;
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

function isChildIndex(branch: Page, index: number): boolean {
  return index >= 0 && index < branch.count;
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
