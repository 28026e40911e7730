import { EMPTY_BYTES } from "../../base/bytes.ts";
import { damage } from "../btree/damage.ts";
import { Page } from "../btree/page.ts";
import { checkTreePageHeader, parsePage, readPageHeader } from "../btree/page_parser.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { BACKEND_LIMITS } from "./limits.ts";

/** Of a window of pages, this part must be wanted; else they are read one by one. */
const WANTED_PART = 1 / 4;

/** Reads the pages below branches, with those that are wanted next in the same call. */
export class PageWindow {
  readonly #read: ReadTransaction;
  readonly #maxPages: number;
  /** Made when the first page is read: small buckets have no pages of their own. */
  #bytes: Uint8Array = EMPTY_BYTES;
  #view = new DataView(EMPTY_BYTES.buffer);
  #firstId = 0;
  #endId = 0;

  constructor(read: ReadTransaction) {
    this.#read = read;
    this.#maxPages = Math.max(1, Math.floor(BACKEND_LIMITS.readWindowBytes / read.pageBytes));
  }

  /** A child of a branch. A leaf's bytes hold until another page is read, a branch's for good. */
  childPage(branch: Page, index: number): Page {
    const id = branch.childId(index);
    const { path, pageBytes, tree } = this.#read;
    if (id < 2 || id >= tree.meta.pageCount) {
      throw damage(path, branch.id * pageBytes, `page ${branch.id} leads to page ${id}`);
    }
    if (id < this.#firstId || id >= this.#endId) this.#move(branch, index);
    const offset = (id - this.#firstId) * pageBytes;
    const header = readPageHeader(this.#view, offset);
    const place = { path, offset: id * pageBytes };
    checkTreePageHeader(header, { id, pageCount: tree.meta.pageCount }, place);
    const bytes = id + header.span <= this.#endId
      ? this.#bytes.subarray(offset, offset + header.span * pageBytes)
      : this.#readPages(id, header.span);
    const page = parsePage(id, bytes, place);
    return page.isLeaf ? page : new Page(id, bytes.slice());
  }

  /** Fills the window from a child of the branch on. */
  #move(branch: Page, index: number): void {
    const { pageBytes } = this.#read;
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(this.#maxPages * pageBytes);
      this.#view = new DataView(this.#bytes.buffer);
    }
    const id = branch.childId(index);
    const count = this.#wantedPages(branch, index);
    this.#endId = this.#firstId = id;
    this.#readInto(this.#bytes, count * pageBytes, id);
    this.#endId = id + count;
  }

  /** How many pages from the child's on are worth reading at once. */
  #wantedPages(branch: Page, index: number): number {
    const id = branch.childId(index);
    let last = id;
    let wanted = 1;
    for (let i = index + 1; i < branch.count; i++) {
      const next = branch.childId(i);
      if (next <= id || next >= id + this.#maxPages) break;
      last = Math.max(last, next);
      wanted++;
    }
    const count = Math.min(last - id + 1, this.#read.tree.meta.pageCount - id);
    return wanted >= count * WANTED_PART ? count : 1;
  }

  /** A page that does not end within the window. */
  #readPages(id: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * this.#read.pageBytes);
    this.#readInto(bytes, bytes.length, id);
    return bytes;
  }

  #readInto(target: Uint8Array, sizeBytes: number, id: number): void {
    const position = id * this.#read.pageBytes;
    const count = this.#read.readImage(target, 0, sizeBytes, position);
    if (count === sizeBytes) return;
    throw damage(this.#read.path, position + count, "the file ends within its tree");
  }
}
