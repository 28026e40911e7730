// The layout of a page in bbolt's format. All integers are little-endian.
//
//   header    id u64, flags u16, count u16, overflow u32 (how many more pages belong to this one)
//   elements  `count` of them, 16 bytes each
//     leaf:   flags u32, position u32, key size u32, value size u32
//     branch: position u32, key size u32, child's page id u64
//   data      key and value of each element; a position counts from the start of its element

export const PAGE_HEADER_BYTES = 16;
export const ELEMENT_BYTES = 16;

export const PageFlag = { BRANCH: 0x01, LEAF: 0x02, META: 0x04, FREELIST: 0x10 } as const;

/** The flag of a leaf element whose value is a bucket. */
export const BUCKET_FLAG = 0x01;

const TWO_POW_32 = 0x1_0000_0000;

/** Reads a u64; what is larger than 2^53 comes out rounded, so bounds hold for it all the same. */
export function readUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * TWO_POW_32;
}

export function writeUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % TWO_POW_32, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_POW_32), true);
}

export function writePageHeader(
  view: DataView,
  offset: number,
  header: {
    readonly id: number;
    readonly flags: number;
    readonly count: number;
    readonly span: number;
  },
): void {
  writeUint64(view, offset, header.id);
  view.setUint16(offset + 8, header.flags, true);
  view.setUint16(offset + 10, header.count, true);
  view.setUint32(offset + 12, header.span - 1, true);
}

/** Negative, zero or positive, as one range of bytes sorts before, with or behind the other. */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aSize: number,
  b: Uint8Array,
  bStart: number,
  bSize: number,
): number {
  const size = aSize < bSize ? aSize : bSize;
  for (let i = 0; i < size; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return aSize - bSize;
}

/**
 * A branch or leaf page in memory, with the pages that overflow from it. Its bytes never change:
 * who writes makes a new page. Made by `parsePage`, which has checked all bounds.
 */
export class Page {
  /** The number of its first page in the file; 0 for one that lies within a bucket's value. */
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly isLeaf: boolean;
  readonly count: number;
  /** Where PageCache keeps it; -1 when it does not. */
  cacheSlot = -1;
  /** Used since PageCache last looked. */
  isReferenced = false;
  readonly #view: DataView;

  constructor(id: number, bytes: Uint8Array) {
    this.id = id;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.isLeaf = this.#view.getUint16(8, true) === PageFlag.LEAF;
    this.count = this.#view.getUint16(10, true);
  }

  /** How many pages of the file it takes. */
  get span(): number {
    return this.#view.getUint32(12, true) + 1;
  }

  keyStart(index: number): number {
    const element = PAGE_HEADER_BYTES + index * ELEMENT_BYTES;
    return element + this.#view.getUint32(this.isLeaf ? element + 4 : element, true);
  }

  keySize(index: number): number {
    const element = PAGE_HEADER_BYTES + index * ELEMENT_BYTES;
    return this.#view.getUint32(this.isLeaf ? element + 8 : element + 4, true);
  }

  /** A view of the key. */
  key(index: number): Uint8Array {
    const start = this.keyStart(index);
    return this.bytes.subarray(start, start + this.keySize(index));
  }

  /** Of a leaf. The value begins where the key ends. */
  valueSize(index: number): number {
    return this.#view.getUint32(PAGE_HEADER_BYTES + index * ELEMENT_BYTES + 12, true);
  }

  /** Of a leaf. */
  isBucket(index: number): boolean {
    return (this.flags(index) & BUCKET_FLAG) !== 0;
  }

  /** Of a leaf. */
  flags(index: number): number {
    return this.#view.getUint32(PAGE_HEADER_BYTES + index * ELEMENT_BYTES, true);
  }

  /** Of a branch. */
  childId(index: number): number {
    return readUint64(this.#view, PAGE_HEADER_BYTES + index * ELEMENT_BYTES + 8);
  }

  compareKeyAt(index: number, key: Uint8Array): number {
    const start = this.keyStart(index);
    return compareRanges(this.bytes, start, this.keySize(index), key, 0, key.length);
  }

  /** The index of the first key that is not below `key`; `count` if all are. */
  lowerBound(key: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compareKeyAt(middle, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Of a branch: the index of the child in whose range the key lies. */
  childIndexFor(key: Uint8Array): number {
    const index = this.lowerBound(key);
    if (index < this.count && this.compareKeyAt(index, key) === 0) return index;
    return index === 0 ? 0 : index - 1;
  }

  /** The bytes that header, elements and data take if they are written without gaps. */
  usedBytes(): number {
    let size = PAGE_HEADER_BYTES + this.count * ELEMENT_BYTES;
    for (let i = 0; i < this.count; i++) {
      size += this.keySize(i) + (this.isLeaf ? this.valueSize(i) : 0);
    }
    return size;
  }
}
