import type { DiskFile } from "../file_system.ts";
import { BTREE_LIMITS } from "./limits.ts";

/** Collects pages that are neighbours in the file and writes them together. */
export class PageWriter {
  /** Where reserved pages are filled in. */
  bytes: Uint8Array = new Uint8Array(BTREE_LIMITS.writeBufferBytes);
  view: DataView = new DataView(this.bytes.buffer);
  readonly #file: DiskFile;
  readonly #pageBytes: number;
  /** The file's page that stands first in the buffer, and how many follow it without a gap. */
  #firstId = 0;
  #pageCount = 0;

  constructor(file: DiskFile, pageBytes: number) {
    this.#file = file;
    this.#pageBytes = pageBytes;
  }

  /** The offset in `bytes` at which to fill in all bytes of these pages, before the next call. */
  reserve(id: number, span: number): number {
    const isNeighbour = id === this.#firstId + this.#pageCount;
    const needed = span * this.#pageBytes;
    if (!isNeighbour || this.#pageCount * this.#pageBytes + needed > this.bytes.length) {
      this.flush();
      this.#firstId = id;
      if (needed > this.bytes.length) this.#resize(needed);
    }
    const offset = this.#pageCount * this.#pageBytes;
    this.#pageCount += span;
    return offset;
  }

  flush(): void {
    if (this.#pageCount === 0) return;
    const position = this.#firstId * this.#pageBytes;
    this.#file.writeAt(this.bytes, 0, this.#pageCount * this.#pageBytes, position);
    this.#pageCount = 0;
    const { writeBufferBytes } = BTREE_LIMITS;
    if (this.bytes.length > writeBufferBytes) this.#resize(writeBufferBytes);
  }

  #resize(sizeBytes: number): void {
    this.bytes = new Uint8Array(sizeBytes);
    this.view = new DataView(this.bytes.buffer);
  }
}
