import { assert } from "../../base/assert.ts";
import type { DiskFile } from "../file_system.ts";
import { damage } from "./damage.ts";
import { Page } from "./page.ts";
import { PageCache } from "./page_cache.ts";
import { checkTreePageHeader, parsePage, readPageHeader } from "./page_parser.ts";

/** Where pages of a tree come from. */
export interface PageSource {
  /** Throws a DiskError if the page cannot be read or cannot be one of a tree. */
  page(id: number): Page;
  /** What messages call the file. */
  readonly path: string;
  readonly pageBytes: number;
}

/** The pages of a file, those used of late in memory. */
export class PageStore implements PageSource {
  readonly file: DiskFile;
  readonly pageBytes: number;
  readonly cache: PageCache;
  /** Pages from here on belong to no committed tree. */
  pageCount: number;
  readonly #waitsForDisk: boolean;
  #failure: unknown;
  #isClosed = false;

  constructor(
    file: DiskFile,
    pages: { readonly bytes: number; readonly count: number },
    options: { readonly cacheBytes: number; readonly waitsForDisk: boolean },
  ) {
    this.file = file;
    this.pageBytes = pages.bytes;
    this.pageCount = pages.count;
    this.cache = new PageCache(options.cacheBytes);
    this.#waitsForDisk = options.waitsForDisk;
  }

  get path(): string {
    return this.file.path;
  }

  /** What made the file unusable; undefined while all is well. */
  get failure(): unknown {
    return this.#failure;
  }

  /** From now on every call throws this error. */
  fail(failure: unknown): void {
    this.#failure ??= failure;
  }

  /** Waits until all that was written is safe. */
  async sync(): Promise<void> {
    if (this.#waitsForDisk) await this.file.dataSync();
  }

  /** Harmless the second time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.file.close();
  }

  /** Closes a file that has no name any more. */
  async discard(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.file.discard();
  }

  checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#isClosed, "a B-tree file is not used after it was closed");
  }

  page(id: number): Page {
    this.checkUsable();
    const cached = this.cache.get(id);
    if (cached !== undefined) return cached;
    const page = this.readPage(id);
    this.cache.put(page);
    return page;
  }

  /** The same from the disk, past the cache. */
  readPage(id: number): Page {
    const offset = id * this.pageBytes;
    if (id < 2 || id >= this.pageCount) {
      throw damage(this.path, offset, `page ${id} is no page of the file`);
    }
    let bytes: Uint8Array = new Uint8Array(this.pageBytes);
    this.#read(bytes, 0, offset);
    const header = readPageHeader(new DataView(bytes.buffer), 0);
    checkTreePageHeader(header, this.#expected(id), { path: this.path, offset });
    if (header.span > 1) {
      const first = bytes;
      bytes = new Uint8Array(header.span * this.pageBytes);
      bytes.set(first);
      this.#read(bytes, first.length, offset + first.length);
    }
    return parsePage(id, bytes, { path: this.path, offset });
  }

  #expected(id: number): { readonly id: number; readonly pageCount: number } {
    return { id, pageCount: this.pageCount };
  }

  #read(target: Uint8Array, start: number, position: number): void {
    const count = this.file.readAt(target, start, target.length, position);
    if (count === target.length - start) return;
    throw damage(this.path, position + count, "the file ends within a page");
  }
}
