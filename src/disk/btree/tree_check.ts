import { DiskError } from "../disk_error.ts";
import { type BucketRoot, readBucketRoot } from "./bucket_root.ts";
import { findFreelist, readFreelist } from "./freelist_page.ts";
import { BTREE_LIMITS } from "./limits.ts";
import type { Meta } from "./meta.ts";
import type { Page } from "./page.ts";
import { PageSet } from "./page_set.ts";
import type { PageStore } from "./page_store.ts";
import type { TurnBudget } from "./turn_budget.ts";

/** Something that is wrong with a file. */
export interface Finding {
  /** The byte of the file where it was found. */
  readonly offset: number;
  readonly what: string;
}

/** A page to visit, and the keys between which all of its keys must be. */
interface Visit {
  readonly id: number;
  readonly low: Uint8Array | undefined;
  /** The first key that is too high. */
  readonly high: Uint8Array | undefined;
  /** Whether it belongs to the bucket of buckets, which holds nothing else. */
  readonly isRoot: boolean;
}

/** How many pages are compared with the free ones before a look at the time. */
const COMPARED_PAGES = 65_536;

/**
 * Checks a whole tree, reading every page from the disk: each page is in order and in its place, is
 * used exactly once or free, and keys ascend within and across pages. It is what bbolt's own check
 * demands, and more.
 */
export class TreeCheck {
  readonly #store: PageStore;
  readonly #meta: Meta;
  readonly #turn: TurnBudget;
  readonly #findings: Finding[] = [];
  readonly #used: PageSet;
  readonly #visits: Visit[] = [];

  constructor(store: PageStore, meta: Meta, turn: TurnBudget) {
    this.#store = store;
    this.#meta = meta;
    this.#turn = turn;
    this.#used = new PageSet(meta.pageCount);
  }

  /** `unused` are the pages that are no part of the tree, where that is known. */
  async run(unused: PageSet | undefined): Promise<Finding[]> {
    this.#visits.push({ id: this.#meta.rootId, low: undefined, high: undefined, isRoot: true });
    for (let visit = this.#visits.pop(); visit !== undefined; visit = this.#visits.pop()) {
      this.#visit(visit);
      if (this.#turn.isSpent()) await this.#turn.next();
    }
    const listed = this.#listedPages();
    if (listed !== undefined) await this.#compare(listed, "the freelist");
    if (unused !== undefined) await this.#compare(unused, "memory");
    return this.#findings;
  }

  #visit(visit: Visit): void {
    const page = this.#attempt(() => this.#store.readPage(visit.id));
    if (page === undefined || !this.#use(page.id, page.span)) return;
    this.#checkRange(page, visit);
    if (page.isLeaf) this.#visitLeaf(page, visit);
    else this.#visitBranch(page, visit);
  }

  #visitBranch(branch: Page, visit: Visit): void {
    for (let i = branch.count - 1; i >= 0; i--) {
      const high = i + 1 < branch.count ? branch.key(i + 1) : visit.high;
      const id = branch.childId(i);
      this.#visits.push({ id, low: branch.key(i), high, isRoot: visit.isRoot });
    }
  }

  #visitLeaf(leaf: Page, visit: Visit): void {
    const offset = leaf.id * this.#store.pageBytes;
    const place = { path: this.#store.path, offset };
    for (let i = 0; i < leaf.count; i++) {
      if (leaf.isBucket(i)) {
        const root = this.#attempt(() => readBucketRoot(leaf, i, place));
        if (root !== undefined) this.#visitBucket(root, offset);
      } else if (visit.isRoot) {
        this.#find(offset, `a pair stands among the buckets on page ${leaf.id}`);
      }
    }
  }

  #visitBucket({ pageId, inlinePage }: BucketRoot, offset: number): void {
    if (inlinePage === undefined) {
      this.#visits.push({ id: pageId, low: undefined, high: undefined, isRoot: false });
      return;
    }
    for (let i = 0; i < inlinePage.count; i++) {
      if (inlinePage.isBucket(i)) this.#find(offset, "an inline page has buckets");
    }
  }

  #checkRange(page: Page, { low, high }: Visit): void {
    if (page.count === 0) return;
    const offset = page.id * this.#store.pageBytes;
    if (low !== undefined && page.compareKeyAt(0, low) < 0) {
      this.#find(offset, `page ${page.id} has keys that are too low for its place`);
    }
    if (high !== undefined && page.compareKeyAt(page.count - 1, high) >= 0) {
      this.#find(offset, `page ${page.id} has keys that are too high for its place`);
    }
  }

  /** False if any of the pages is in use elsewhere, too. */
  #use(id: number, span: number): boolean {
    let isFirstUse = true;
    for (let i = id; i < id + span; i++) {
      if (this.#used.add(i)) continue;
      isFirstUse = false;
      this.#find(i * this.#store.pageBytes, `page ${i} is used twice`);
    }
    return isFirstUse;
  }

  /** The pages on the file's own freelist, if it keeps one. */
  #listedPages(): PageSet | undefined {
    const { freelistId } = this.#meta;
    if (freelistId === undefined) return undefined;
    const pages = this.#attempt(() => findFreelist(this.#store, freelistId));
    if (pages === undefined || !this.#use(pages.id, pages.span)) return undefined;
    const ids = this.#attempt(() => readFreelist(this.#store, pages));
    if (ids === undefined) return undefined;
    const listed = new PageSet(this.#meta.pageCount);
    for (const id of ids) {
      const isPage = id >= 2 && id < this.#meta.pageCount;
      if (isPage && listed.add(id)) continue;
      const what = isPage ? `page ${id} is free twice` : `page ${id} is free but not there`;
      this.#find(pages.id * this.#store.pageBytes, what);
    }
    return listed;
  }

  async #compare(unused: PageSet, source: string): Promise<void> {
    for (let id = 2; id < this.#meta.pageCount; id++) {
      if (id % COMPARED_PAGES === 0 && this.#turn.isSpent()) await this.#turn.next();
      const isUsed = this.#used.has(id);
      if (isUsed !== unused.has(id)) continue;
      const offset = id * this.#store.pageBytes;
      if (isUsed) this.#find(offset, `page ${id} is used, but free according to ${source}`);
      else this.#find(offset, `page ${id} is neither used nor free according to ${source}`);
    }
  }

  #attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "CORRUPT") throw error;
      this.#find(error.offset ?? 0, error.what);
      return undefined;
    }
  }

  #find(offset: number, what: string): void {
    if (this.#findings.length < BTREE_LIMITS.findings) this.#findings.push({ offset, what });
  }
}
