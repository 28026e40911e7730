import { readBucketRoot } from "./bucket_root.ts";
import { damage } from "./damage.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { BUCKET_FLAG, ELEMENT_BYTES, type Page, PAGE_HEADER_BYTES, PageFlag } from "./page.ts";
import { checkTreePageHeader, type PageHeader, parsePage, readPageHeader } from "./page_parser.ts";
import { PageSet } from "./page_set.ts";
import type { PageStore } from "./page_store.ts";
import type { TurnBudget } from "./turn_budget.ts";

/** Of a window of pages, this part must be wanted; else the few pages are read one by one. */
const WANTED_PART = 1 / 4;

/**
 * Finds all pages that belong to trees. It goes through the trees level by level, and through each
 * level in the order of the file, so that the disk reads ahead; of a leaf it looks only at what
 * tells how many pages it takes and whether there are buckets in it.
 */
export class ReachablePages {
  /** The pages found so far. */
  readonly pages: PageSet;
  readonly #store: PageStore;
  readonly #turn: TurnBudget;
  readonly #window: Uint8Array;
  readonly #windowView: DataView;
  #windowFirst = 0;
  #windowEnd = 0;

  constructor(store: PageStore, turn: TurnBudget) {
    this.pages = new PageSet(store.pageCount);
    this.#store = store;
    this.#turn = turn;
    this.#window = new Uint8Array(Math.max(BTREE_LIMITS.readWindowBytes, store.pageBytes));
    this.#windowView = new DataView(this.#window.buffer);
  }

  /** Adds the pages of the tree whose top is on page `id`. Throws if one is used twice. */
  async add(id: number): Promise<void> {
    let level = new PageSet(this.#store.pageCount);
    this.#addTo(level, id, id);
    while (level.count > 0) {
      const below = new PageSet(this.#store.pageCount);
      for (let next = level.next(0); next >= 0; next = level.next(next + 1)) {
        this.#visit(next, level, below);
        if (this.#turn.isSpent()) await this.#turn.next();
      }
      level = below;
    }
  }

  /** Adds pages that are in use without being part of a tree. */
  addSpan(id: number, span: number): void {
    for (let i = 0; i < span; i++) {
      if (!this.pages.add(id + i)) throw this.#usedTwice(id + i);
    }
  }

  #visit(id: number, level: PageSet, below: PageSet): void {
    const offset = this.#locate(id, level);
    const header = readPageHeader(this.#windowView, offset);
    const { path, pageBytes, pageCount } = this.#store;
    checkTreePageHeader(header, { id, pageCount }, { path, offset: id * pageBytes });
    this.addSpan(id, header.span);
    if (header.flags === PageFlag.BRANCH) this.#visitBranch(this.#page(header, offset), below);
    else if (this.#mayHaveBuckets(header, offset)) {
      this.#visitLeaf(this.#page(header, offset), below);
    }
  }

  #visitBranch(branch: Page, below: PageSet): void {
    this.#store.cache.put(branch);
    for (let i = 0; i < branch.count; i++) this.#addTo(below, branch.childId(i), branch.id);
  }

  #visitLeaf(leaf: Page, below: PageSet): void {
    const place = { path: this.#store.path, offset: leaf.id * this.#store.pageBytes };
    for (let i = 0; i < leaf.count; i++) {
      if (!leaf.isBucket(i)) continue;
      const root = readBucketRoot(leaf, i, place);
      if (root.inlinePage === undefined) this.#addTo(below, root.pageId, leaf.id);
      else this.#refuseBucketsIn(root.inlinePage, place.offset);
    }
  }

  /** bbolt never writes that, and what hangs from such a bucket would be taken for free. */
  #refuseBucketsIn(inlinePage: Page, offset: number): void {
    for (let i = 0; i < inlinePage.count; i++) {
      if (inlinePage.isBucket(i)) {
        throw damage(this.#store.path, offset, "an inline page has buckets");
      }
    }
  }

  #addTo(level: PageSet, id: number, parentId: number): void {
    if (id < 2 || id >= this.#store.pageCount) {
      const offset = parentId * this.#store.pageBytes;
      throw damage(this.#store.path, offset, `page ${parentId} leads to page ${id}`);
    }
    if (this.pages.has(id) || !level.add(id)) throw this.#usedTwice(id);
  }

  #usedTwice(id: number): Error {
    return damage(this.#store.path, id * this.#store.pageBytes, `page ${id} is used twice`);
  }

  #mayHaveBuckets(header: PageHeader, offset: number): boolean {
    const end = offset + PAGE_HEADER_BYTES + header.count * ELEMENT_BYTES;
    if (end > offset + this.#store.pageBytes) return true;
    for (let at = offset + PAGE_HEADER_BYTES; at < end; at += ELEMENT_BYTES) {
      if ((this.#windowView.getUint32(at, true) & BUCKET_FLAG) !== 0) return true;
    }
    return false;
  }

  /** The whole page whose first bytes are at `offset` of the window. */
  #page(header: PageHeader, offset: number): Page {
    const { id, span } = header;
    if (span > 1) return this.#store.readPage(id);
    const { path, pageBytes } = this.#store;
    const bytes = this.#window.slice(offset, offset + pageBytes);
    return parsePage(id, bytes, { path, offset: id * pageBytes });
  }

  /** The offset of the page in the window, which is moved there if need be. */
  #locate(id: number, wanted: PageSet): number {
    const { file, path, pageBytes } = this.#store;
    if (id < this.#windowFirst || id >= this.#windowEnd) {
      const count = this.#windowCount(id, wanted);
      const read = file.readAt(this.#window, 0, count * pageBytes, id * pageBytes);
      if (read < count * pageBytes) {
        throw damage(path, id * pageBytes + read, "the file ends within its tree");
      }
      this.#windowFirst = id;
      this.#windowEnd = id + count;
    }
    return (id - this.#windowFirst) * pageBytes;
  }

  /** How many pages from `id` on are worth reading at once. */
  #windowCount(id: number, wanted: PageSet): number {
    const maxCount = this.#window.length / this.#store.pageBytes;
    let last = id;
    let count = 0;
    for (let next = id; next >= 0 && next < id + maxCount; next = wanted.next(next + 1)) {
      last = next;
      count++;
    }
    return count >= (last - id + 1) * WANTED_PART ? last - id + 1 : 1;
  }
}
