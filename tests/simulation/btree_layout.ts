/** Bytes [start, end) of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const PAGE_HEADER_BYTES = 16;
const ELEMENT_BYTES = 16;
const BUCKET_HEADER_BYTES = 16;
const LEAF_FLAG = 2;
const BUCKET_FLAG = 1;

/** Where in a page of a meta page what stands. */
const META = { pageBytes: 24, root: 32, transactionId: 64, end: 80 };

/** Which bytes of a B-tree file are in use, read straight from the description of the format. */
export class BTreeLayout {
  /** The keys and values in the buckets; nothing in the format would tell that one was damaged. */
  readonly pairs: ByteRange[] = [];
  /** All that holds the tree together. */
  readonly structure: ByteRange[] = [];
  readonly #view: DataView;
  readonly #pageBytes: number;

  /** `file` is a sound file. */
  constructor(file: Uint8Array) {
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    this.#pageBytes = this.#view.getUint32(META.pageBytes, true);
    const [first, second] = [0, this.#pageBytes];
    this.#addStructure(first, META.end);
    this.#addStructure(second, META.end);
    const isFirstNewest = this.#uint64(first + META.transactionId) >
      this.#uint64(second + META.transactionId);
    const root = this.#uint64((isFirstNewest ? first : second) + META.root);
    this.#addTree(root * this.#pageBytes, (element) => this.#addBucket(element));
  }

  isInPair(position: number): boolean {
    return this.pairs.some(({ start, end }) => position >= start && position < end);
  }

  /** Visits the elements of all leaves. */
  #addTree(page: number, visitLeafElement: (element: number) => void): void {
    const flags = this.#view.getUint16(page + 8, true);
    const count = this.#view.getUint16(page + 10, true);
    this.#addStructure(page, PAGE_HEADER_BYTES + count * ELEMENT_BYTES);
    for (let i = 0; i < count; i++) {
      const element = page + PAGE_HEADER_BYTES + i * ELEMENT_BYTES;
      if ((flags & LEAF_FLAG) !== 0) visitLeafElement(element);
      else this.#addTree(this.#uint64(element + 8) * this.#pageBytes, visitLeafElement);
    }
  }

  #addBucket(element: number): void {
    const { key, value, end, flags } = this.#leafElement(element);
    if ((flags & BUCKET_FLAG) === 0) throw new Error("only buckets stand at the top of the file");
    const root = this.#uint64(value);
    this.#addStructure(key, value + BUCKET_HEADER_BYTES - key);
    const page = root === 0 ? value + BUCKET_HEADER_BYTES : root * this.#pageBytes;
    if (root === 0 && page >= end) return;
    this.#addTree(page, (pair) => {
      const { key, end } = this.#leafElement(pair);
      this.pairs.push({ start: key, end });
    });
  }

  #leafElement(at: number): { flags: number; key: number; value: number; end: number } {
    const view = this.#view;
    const key = at + view.getUint32(at + 4, true);
    const value = key + view.getUint32(at + 8, true);
    const end = value + view.getUint32(at + 12, true);
    return { flags: view.getUint32(at, true), key, value, end };
  }

  #addStructure(start: number, sizeBytes: number): void {
    this.structure.push({ start, end: start + sizeBytes });
  }

  #uint64(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }
}
