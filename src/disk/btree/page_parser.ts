import { damage } from "./damage.ts";
import {
  compareRanges,
  ELEMENT_BYTES,
  Page,
  PAGE_HEADER_BYTES,
  PageFlag,
  readUint64,
} from "./page.ts";

/** The fields of a page's header. */
export interface PageHeader {
  readonly id: number;
  readonly flags: number;
  readonly count: number;
  /** How many pages of the file it takes. */
  readonly span: number;
}

/** Where bytes come from, for messages; no offset if they are new ones. */
export interface PagePlace {
  readonly path: string;
  readonly offset: number | undefined;
}

/** The place that many bytes further on. */
export function placeWithin({ path, offset }: PagePlace, bytes: number): PagePlace {
  return { path, offset: offset === undefined ? undefined : offset + bytes };
}

export function readPageHeader(view: DataView, offset: number): PageHeader {
  return {
    id: readUint64(view, offset),
    flags: view.getUint16(offset + 8, true),
    count: view.getUint16(offset + 10, true),
    span: view.getUint32(offset + 12, true) + 1,
  };
}

/**
 * Throws unless the header is one of a tree page that has the expected number, which is 0 within a
 * bucket's value, and that ends before `pageCount`.
 */
export function checkTreePageHeader(
  header: PageHeader,
  expected: { readonly id: number; readonly pageCount: number },
  place: PagePlace,
): void {
  const { id, flags, count, span } = header;
  if (id !== expected.id) {
    throw damageAt(place, `page ${expected.id} says that it is page ${id}`);
  }
  if (flags !== PageFlag.BRANCH && flags !== PageFlag.LEAF) {
    const hex = flags.toString(16);
    throw damageAt(place, `page ${id} is no page of a tree: its flags are ${hex}`);
  }
  if (flags === PageFlag.BRANCH && count === 0) {
    throw damageAt(place, `branch page ${id} has no children`);
  }
  if (id + span > expected.pageCount) {
    throw damageAt(place, `page ${id} is ${span} pages long, past the file's end`);
  }
}

/**
 * A page whose header was checked, made of all its bytes, which it keeps. Throws unless its elements
 * lie in it one behind the other and its keys ascend.
 */
export function parsePage(id: number, bytes: Uint8Array, place: PagePlace): Page {
  const page = new Page(id, bytes);
  const dataStart = PAGE_HEADER_BYTES + page.count * ELEMENT_BYTES;
  if (dataStart > bytes.length) {
    throw damageAt(place, `page ${id} has no room for ${page.count} elements`);
  }
  // Nobody who writes the format leaves gaps: one is a flipped bit in a count, place or size.
  let start = dataStart;
  for (let i = 0; i < page.count; i++) start = checkElement(page, i, start, place);
  for (let i = 1; i < page.count; i++) {
    if (ascendsAt(page, i)) continue;
    const what = `the keys of page ${id} are out of order at element ${i}`;
    throw damageAt(placeWithin(place, page.keyStart(i)), what);
  }
  return page;
}

/** Throws unless the element's bytes start where they should and end in the page; returns the end. */
function checkElement(page: Page, index: number, expected: number, place: PagePlace): number {
  const start = page.keyStart(index);
  const keySize = page.keySize(index);
  const end = start + keySize + (page.isLeaf ? page.valueSize(index) : 0);
  if (start === expected && keySize > 0 && end <= page.bytes.length) return end;
  const element = placeWithin(place, PAGE_HEADER_BYTES + index * ELEMENT_BYTES);
  const what = keySize === 0
    ? "has an empty key"
    : `spans the bytes ${start} to ${end}, but should start at ${expected}`;
  throw damageAt(element, `element ${index} of page ${page.id} ${what}`);
}

/** Whether the key at `index` is above the one before it. */
function ascendsAt(page: Page, index: number): boolean {
  const { bytes } = page;
  const before = page.keyStart(index - 1);
  const start = page.keyStart(index);
  const sizeBefore = page.keySize(index - 1);
  return compareRanges(bytes, before, sizeBefore, bytes, start, page.keySize(index)) < 0;
}

function damageAt({ path, offset }: PagePlace, what: string): Error {
  return damage(path, offset, what);
}
