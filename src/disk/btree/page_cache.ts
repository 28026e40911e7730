import { BTREE_LIMITS } from "./limits.ts";
import type { Page } from "./page.ts";

/**
 * Pages by number, up to a bound in bytes. A hand goes round and evicts what was not used since it
 * last came by, so that one long scan does not drive out the pages that everybody needs.
 */
export class PageCache {
  readonly #maxBytes: number;
  readonly #pages = new Map<number, Page>();
  /** All pages, in the order in which the hand visits them. */
  readonly #slots: Page[] = [];
  #hand = 0;
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(id: number): Page | undefined {
    const page = this.#pages.get(id);
    if (page !== undefined) page.isReferenced = true;
    return page;
  }

  /** Replaces what was there under the page's number. A page larger than the bound is not kept. */
  put(page: Page): void {
    this.remove(page.id);
    const size = cachedBytes(page);
    if (size > this.#maxBytes) return;
    while (this.#sizeBytes + size > this.#maxBytes) this.#evict();
    page.cacheSlot = this.#slots.length;
    page.isReferenced = false;
    this.#slots.push(page);
    this.#pages.set(page.id, page);
    this.#sizeBytes += size;
  }

  remove(id: number): void {
    const page = this.#pages.get(id);
    if (page !== undefined) this.#drop(page);
  }

  #evict(): void {
    for (;;) {
      if (this.#hand >= this.#slots.length) this.#hand = 0;
      const page = this.#slots[this.#hand];
      if (!page.isReferenced) {
        this.#drop(page);
        return;
      }
      page.isReferenced = false;
      this.#hand++;
    }
  }

  #drop(page: Page): void {
    const last = this.#slots[this.#slots.length - 1];
    this.#slots[page.cacheSlot] = last;
    last.cacheSlot = page.cacheSlot;
    this.#slots.length--;
    page.cacheSlot = -1;
    this.#pages.delete(page.id);
    this.#sizeBytes -= cachedBytes(page);
  }
}

function cachedBytes(page: Page): number {
  return page.bytes.length + BTREE_LIMITS.cachedPageOverheadBytes;
}
