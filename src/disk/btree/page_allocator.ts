import { BTREE_LIMITS } from "./limits.ts";
import { PageSet } from "./page_set.ts";
import { DiskError } from "../disk_error.ts";

/** Pages that a committed transaction took out of the tree. */
interface FreedPages {
  readonly transactionId: number;
  readonly ids: readonly number[];
}

/**
 * Knows which pages of the file may be written. A page that a transaction took out of the tree is
 * still read by whoever pins an older tree, and is what the file falls back to until that
 * transaction is safe on the disk; so it waits until it is `released`.
 */
export class PageAllocator {
  #pageCount: number;
  readonly #free: PageSet;
  /** Oldest first. */
  readonly #waiting: FreedPages[] = [];
  /** By a length: below this page, there are not that many free pages in a row. */
  readonly #searchFrom = new Map<number, number>();

  constructor(pageCount: number, free: PageSet) {
    this.#pageCount = pageCount;
    this.#free = free;
  }

  /** All pages that were ever allocated are below. */
  get pageCount(): number {
    return this.#pageCount;
  }

  /** How many pages can be allocated without making the file larger. */
  get freeCount(): number {
    return this.#free.count;
  }

  /** The first of `span` pages in a row; those with low numbers first, so that writes lie together. */
  allocate(span: number, path: string): number {
    const id = this.#findRun(span);
    if (id < 0) return this.#grow(span, path);
    for (let i = 0; i < span; i++) this.#free.delete(id + i);
    return id;
  }

  /** The pages are no part of the tree that the transaction commits, nor of any later one. */
  freed(transactionId: number, ids: readonly number[]): void {
    if (ids.length > 0) this.#waiting.push({ transactionId, ids });
  }

  /** Makes free what transactions up to the given one freed: no reader pins an older tree than its. */
  release(transactionId: number): void {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count].transactionId <= transactionId) {
      this.#addFree(this.#waiting[count].ids);
      count++;
    }
    this.#waiting.splice(0, count);
  }

  /** All pages that are no part of the newest committed tree, whether they may be written yet or not. */
  unusedPages(): PageSet {
    const unused = this.#free.clone();
    for (const { ids } of this.#waiting) {
      for (const id of ids) unused.add(id);
    }
    return unused;
  }

  #addFree(ids: readonly number[]): void {
    for (const id of ids) this.#free.add(id);
    this.#searchFrom.clear();
  }

  /** -1 if there are not that many pages in a row. */
  #findRun(span: number): number {
    if (span > this.#free.count) return -1;
    let from = 0;
    for (const [length, start] of this.#searchFrom) {
      if (length <= span && start > from) from = start;
    }
    const id = from === Infinity ? -1 : this.#free.findRun(span, from);
    this.#searchFrom.set(span, id < 0 ? Infinity : id + span);
    return id;
  }

  #grow(span: number, path: string): number {
    const id = this.#pageCount;
    if (id + span > BTREE_LIMITS.pageCount) {
      const what = `it would have more than ${BTREE_LIMITS.pageCount} pages`;
      throw new DiskError({ operation: "enlarge", path, code: "EFBIG", what });
    }
    this.#pageCount += span;
    return id;
  }
}
