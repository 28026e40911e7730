import { EMPTY_BYTES } from "../../base/bytes.ts";
import { damage } from "../btree/damage.ts";
import { BTREE_LIMITS } from "../btree/limits.ts";
import { compareRanges, Page } from "../btree/page.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { pairDamage, type PairView } from "./pair_damage.ts";
import { PageWindow } from "./page_window.ts";

/** A branch on the way to the present leaf, and the child that the way goes through. */
interface Step {
  readonly branch: Page;
  index: number;
}

/**
 * Walks over all pairs of a bucket in the order of their keys, once and as fast as the disk reads:
 * past the page cache, with neighbouring pages in one call. The bytes of a pair are those of a
 * buffer that is used again: they hold until the next call of `next`.
 */
export class PairScan implements PairView {
  bytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  valueStart = 0;
  valueEnd = 0;

  readonly #read: ReadTransaction;
  readonly #bucket: string;
  readonly #window: PageWindow;
  readonly #way: Step[] = [];
  #leaf: Page | undefined;
  #index = -1;
  #pageCount = 0;

  /** A bucket that is missing has no pairs. */
  constructor(read: ReadTransaction, bucket: string) {
    this.#read = read;
    this.#bucket = bucket;
    this.#window = new PageWindow(read);
    const root = read.tree.bucket(read, bucket);
    if (root === undefined) return;
    this.#leaf = this.#descend(root.inlinePage ?? this.#visit(read.page(root.pageId)));
  }

  /** How many bytes of the file were visited so far. */
  get visitedBytes(): number {
    return this.#pageCount * this.#read.pageBytes;
  }

  /** Goes to the next pair, at first to the first one; false if there is none. */
  next(): boolean {
    let leaf = this.#leaf;
    if (leaf === undefined) return false;
    this.#index++;
    while (this.#index >= leaf.count) {
      leaf = this.#nextLeaf(leaf);
      if (leaf === undefined) return false;
    }
    this.bytes = leaf.bytes;
    this.keyStart = leaf.keyStart(this.#index);
    this.valueStart = this.keyStart + leaf.keySize(this.#index);
    this.valueEnd = this.valueStart + leaf.valueSize(this.#index);
    if (leaf.isBucket(this.#index)) throw this.damage("it is a bucket");
    return true;
  }

  /** The error for the present pair if it is one that etcd cannot have written. */
  damage(what: string): Error {
    return pairDamage(this.#read, this.#bucket, this, what);
  }

  #nextLeaf(before: Page): Page | undefined {
    // Its bytes may be overwritten when the next one is read.
    const lastKey = before.count === 0 ? undefined : lastKeyOf(before);
    const leaf = this.#climb();
    this.#leaf = leaf;
    this.#index = 0;
    if (leaf !== undefined && lastKey !== undefined) this.#checkOrder(lastKey, leaf);
    return leaf;
  }

  /** Leaves the leaf for the one behind it. */
  #climb(): Page | undefined {
    for (let step = this.#way.at(-1); step !== undefined; step = this.#way.at(-1)) {
      step.index++;
      if (step.index < step.branch.count) return this.#descend(this.#child(step));
      this.#way.pop();
    }
    return undefined;
  }

  /** From a page down to the first leaf below it. */
  #descend(top: Page): Page {
    let page = top;
    while (!page.isLeaf) {
      const { pageBytes, path } = this.#read;
      if (this.#way.length >= BTREE_LIMITS.depth) {
        const what = `the tree is more than ${BTREE_LIMITS.depth} levels deep`;
        throw damage(path, page.id * pageBytes, what);
      }
      const step = { branch: page, index: 0 };
      this.#way.push(step);
      page = this.#child(step);
    }
    return page;
  }

  #child({ branch, index }: Step): Page {
    return this.#visit(this.#window.childPage(branch, index));
  }

  /** Pages that lead to each other would otherwise be walked through without end. */
  #visit(page: Page): Page {
    this.#pageCount += page.span;
    const { path, pageBytes, tree } = this.#read;
    if (this.#pageCount <= tree.meta.pageCount) return page;
    throw damage(path, page.id * pageBytes, "a page is used twice");
  }

  /** Keys that descend from one leaf to the next are how a tree shows that its pages got mixed up. */
  #checkOrder(lastKey: Uint8Array, leaf: Page): void {
    if (leaf.count === 0) return;
    const start = leaf.keyStart(0);
    const size = leaf.keySize(0);
    if (compareRanges(lastKey, 0, lastKey.length, leaf.bytes, start, size) < 0) return;
    const { path, pageBytes } = this.#read;
    throw damage(path, leaf.id * pageBytes, `page ${leaf.id} has keys that belong before it`);
  }
}

function lastKeyOf(leaf: Page): Uint8Array {
  const start = leaf.keyStart(leaf.count - 1);
  return leaf.bytes.slice(start, start + leaf.keySize(leaf.count - 1));
}
