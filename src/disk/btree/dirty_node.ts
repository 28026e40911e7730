import {
  compareRanges,
  ELEMENT_BYTES,
  type Page,
  PAGE_HEADER_BYTES,
  PageFlag,
  writePageHeader,
  writeUint64,
} from "./page.ts";

/** A node of a tree that is being changed. */
export type DirtyNode = DirtyLeaf | DirtyBranch;

/** Where the bytes of a key are; what refers to them never changes them. */
interface KeyPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly keySize: number;
}

/** A pair of a leaf: its key lies at `start`, its value right behind. */
export class LeafItem implements KeyPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;

  constructor(
    bytes: Uint8Array,
    start: number,
    keySize: number,
    valueSize: number,
    flags: number,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.keySize = keySize;
    this.valueSize = valueSize;
    this.flags = flags;
  }

  /** A view of the key. */
  get key(): Uint8Array {
    return this.bytes.subarray(this.start, this.start + this.keySize);
  }

  /** A view of the value. */
  get value(): Uint8Array {
    const start = this.start + this.keySize;
    return this.bytes.subarray(start, start + this.valueSize);
  }

  get sizeBytes(): number {
    return ELEMENT_BYTES + this.keySize + this.valueSize;
  }
}

/** A child of a branch: still as it is on the disk, or itself being changed. */
export class BranchItem implements KeyPlace {
  bytes: Uint8Array;
  start: number;
  keySize: number;
  /** Its page; of no use while there is a `child`. */
  childId: number;
  child: DirtyNode | undefined;

  constructor(key: KeyPlace, childId: number, child: DirtyNode | undefined) {
    this.bytes = key.bytes;
    this.start = key.start;
    this.keySize = key.keySize;
    this.childId = childId;
    this.child = child;
  }

  get sizeBytes(): number {
    return ELEMENT_BYTES + this.keySize;
  }
}

/** A leaf that is being changed. */
export class DirtyLeaf {
  readonly isLeaf = true as const;
  parent: DirtyBranch | undefined;
  #items: LeafItem[];
  #sizeBytes: number;

  constructor(items: LeafItem[] = []) {
    this.#items = items;
    this.#sizeBytes = sizeOf(items);
  }

  static fromPage(page: Page): DirtyLeaf {
    const items: LeafItem[] = [];
    for (let i = 0; i < page.count; i++) items.push(leafItemAt(page, i));
    return new DirtyLeaf(items);
  }

  get items(): readonly LeafItem[] {
    return this.#items;
  }

  /** The bytes that it takes as a page, without those that fill up the last page. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The index of the first key that is not below `key`; most keys come behind all others. */
  lowerBound(key: Uint8Array): number {
    const items = this.#items;
    const { length } = items;
    if (length > 0 && compareItem(items[length - 1], key) < 0) return length;
    return lowerBound(items, key);
  }

  hasKeyAt(index: number, key: Uint8Array): boolean {
    return index < this.#items.length && compareItem(this.#items[index], key) === 0;
  }

  /** The index of exactly this key; -1 if it is not there. */
  indexOf(key: Uint8Array): number {
    const index = lowerBound(this.#items, key);
    return this.hasKeyAt(index, key) ? index : -1;
  }

  /** Whether it is certain that the key lies in this leaf and no other. */
  covers(key: Uint8Array, isLastLeaf: boolean): boolean {
    const items = this.#items;
    if (items.length === 0 || compareItem(items[0], key) > 0) return false;
    return isLastLeaf || compareItem(items[items.length - 1], key) >= 0;
  }

  insert(index: number, item: LeafItem): void {
    if (index === this.#items.length) this.#items.push(item);
    else this.#items.splice(index, 0, item);
    this.#sizeBytes += item.sizeBytes;
  }

  replace(index: number, item: LeafItem): void {
    this.#sizeBytes += item.sizeBytes - this.#items[index].sizeBytes;
    this.#items[index] = item;
  }

  remove(index: number): void {
    this.#sizeBytes -= this.#items[index].sizeBytes;
    this.#items.splice(index, 1);
  }

  /** Moves the items from `index` on to a new leaf. */
  splitOff(index: number): DirtyLeaf {
    const right = new DirtyLeaf(this.#items.splice(index));
    this.#sizeBytes -= right.#sizeBytes - PAGE_HEADER_BYTES;
    return right;
  }

  /** Takes over all items of the leaf to the right. */
  append(right: DirtyLeaf): void {
    for (const item of right.#items) this.#items.push(item);
    this.#sizeBytes += right.#sizeBytes - PAGE_HEADER_BYTES;
  }

  /** Writes the page image at `offset` and returns the offset behind its last byte. */
  encode(view: DataView, target: Uint8Array, offset: number, id: number, span: number): number {
    const items = this.#items;
    const header = { id, flags: PageFlag.LEAF, count: items.length, span };
    writePageHeader(view, offset, header);
    let element = offset + PAGE_HEADER_BYTES;
    let data = element + items.length * ELEMENT_BYTES;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      view.setUint32(element, item.flags, true);
      view.setUint32(element + 4, data - element, true);
      view.setUint32(element + 8, item.keySize, true);
      view.setUint32(element + 12, item.valueSize, true);
      element += ELEMENT_BYTES;
      data += item.keySize + item.valueSize;
    }
    this.#copyData(target, element);
    return data;
  }

  /** Pairs that lie side by side where they come from, as most do, are copied together. */
  #copyData(target: Uint8Array, offset: number): void {
    const items = this.#items;
    let data = offset;
    for (let i = 0; i < items.length;) {
      const { bytes, start } = items[i];
      let end = start;
      while (i < items.length && items[i].bytes === bytes && items[i].start === end) {
        end += items[i].keySize + items[i].valueSize;
        i++;
      }
      data = copyBytes(bytes, start, end, target, data);
    }
  }
}

/** A branch that is being changed. Every dirty node below it knows it as its parent. */
export class DirtyBranch {
  readonly isLeaf = false as const;
  parent: DirtyBranch | undefined;
  #items: BranchItem[];
  #sizeBytes: number;

  constructor(items: BranchItem[] = []) {
    this.#items = items;
    this.#sizeBytes = sizeOf(items);
    for (const { child } of items) {
      if (child !== undefined) child.parent = this;
    }
  }

  static fromPage(page: Page): DirtyBranch {
    const items: BranchItem[] = [];
    for (let i = 0; i < page.count; i++) {
      const place = { bytes: page.bytes, start: page.keyStart(i), keySize: page.keySize(i) };
      items.push(new BranchItem(place, page.childId(i), undefined));
    }
    return new DirtyBranch(items);
  }

  get items(): readonly BranchItem[] {
    return this.#items;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The index of the child in whose range the key lies. */
  childIndexFor(key: Uint8Array): number {
    const index = lowerBound(this.#items, key);
    if (index < this.#items.length && compareItem(this.#items[index], key) === 0) return index;
    return index === 0 ? 0 : index - 1;
  }

  /** Most nodes that are looked for are the last ones. */
  indexOfChild(child: DirtyNode): number {
    let index = this.#items.length - 1;
    while (index >= 0 && this.#items[index].child !== child) index--;
    return index;
  }

  setChild(index: number, child: DirtyNode): void {
    this.#items[index].child = child;
    child.parent = this;
  }

  /** The child is on the disk now. */
  setChildId(index: number, childId: number): void {
    this.#items[index].childId = childId;
    this.#items[index].child = undefined;
  }

  insert(index: number, item: BranchItem): void {
    this.#items.splice(index, 0, item);
    this.#sizeBytes += item.sizeBytes;
    if (item.child !== undefined) item.child.parent = this;
  }

  remove(index: number): void {
    this.#sizeBytes -= this.#items[index].sizeBytes;
    this.#items.splice(index, 1);
  }

  /** Sets the key from which on the child at `index` is responsible. */
  setKey(index: number, key: KeyPlace): void {
    const item = this.#items[index];
    this.#sizeBytes += key.keySize - item.keySize;
    item.bytes = key.bytes;
    item.start = key.start;
    item.keySize = key.keySize;
  }

  /** Moves the children from `index` on to a new branch. */
  splitOff(index: number): DirtyBranch {
    const right = new DirtyBranch(this.#items.splice(index));
    this.#sizeBytes -= right.#sizeBytes - PAGE_HEADER_BYTES;
    return right;
  }

  /** Takes over all children of the branch to the right. */
  append(right: DirtyBranch): void {
    for (const item of right.#items) {
      if (item.child !== undefined) item.child.parent = this;
      this.#items.push(item);
    }
    this.#sizeBytes += right.#sizeBytes - PAGE_HEADER_BYTES;
  }

  /** Writes the page image at `offset` and returns the offset behind its last byte. */
  encode(view: DataView, target: Uint8Array, offset: number, id: number, span: number): number {
    const items = this.#items;
    const header = { id, flags: PageFlag.BRANCH, count: items.length, span };
    writePageHeader(view, offset, header);
    let element = offset + PAGE_HEADER_BYTES;
    let data = element + items.length * ELEMENT_BYTES;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      view.setUint32(element, data - element, true);
      view.setUint32(element + 4, item.keySize, true);
      writeUint64(view, element + 8, item.childId);
      element += ELEMENT_BYTES;
      data = copyBytes(item.bytes, item.start, item.start + item.keySize, target, data);
    }
    return data;
  }
}

/** The node that a page becomes when it is to be changed. */
export function dirtyNodeFromPage(page: Page): DirtyNode {
  return page.isLeaf ? DirtyLeaf.fromPage(page) : DirtyBranch.fromPage(page);
}

/** The pair at `index` of a leaf page. */
export function leafItemAt(page: Page, index: number): LeafItem {
  return new LeafItem(
    page.bytes,
    page.keyStart(index),
    page.keySize(index),
    page.valueSize(index),
    page.flags(index),
  );
}

/** Whether all keys of the left node are below all of the right one. */
export function areInOrder(left: KeyPlace, right: KeyPlace): boolean {
  return compareRanges(
    left.bytes,
    left.start,
    left.keySize,
    right.bytes,
    right.start,
    right.keySize,
  ) < 0;
}

/** A call into the runtime costs more than a loop over fewer bytes. */
const LOOP_BYTES = 48;

function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  offset: number,
): number {
  if (end - start > LOOP_BYTES) target.set(source.subarray(start, end), offset);
  else for (let i = start; i < end; i++) target[offset + i - start] = source[i];
  return offset + end - start;
}

function compareItem(item: KeyPlace, key: Uint8Array): number {
  return compareRanges(item.bytes, item.start, item.keySize, key, 0, key.length);
}

function lowerBound(items: readonly KeyPlace[], key: Uint8Array): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareItem(items[middle], key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sizeOf(items: readonly { readonly sizeBytes: number }[]): number {
  let size = PAGE_HEADER_BYTES;
  for (const item of items) size += item.sizeBytes;
  return size;
}
