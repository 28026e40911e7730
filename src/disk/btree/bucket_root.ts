import type { LeafItem } from "./dirty_node.ts";
import { damage } from "./damage.ts";
import { type Page, PAGE_HEADER_BYTES, PageFlag, readUint64, writeUint64 } from "./page.ts";
import {
  checkTreePageHeader,
  type PagePlace,
  parsePage,
  placeWithin,
  readPageHeader,
} from "./page_parser.ts";

/** What precedes an inline page in a bucket's value: page id u64 and sequence u64. */
export const BUCKET_HEADER_BYTES = 16;

/** Where the pairs of a bucket are: in a tree of pages, or in one small page within its value. */
export interface BucketRoot {
  /** The page at the top; 0 if the page is inline. */
  readonly pageId: number;
  readonly inlinePage: Page | undefined;
  /** A counter that bbolt offers its users; etcd does not use it. */
  readonly sequence: bigint;
}

/** Reads the value at `index` of a leaf that lies at `place`. Throws if it is no bucket. */
export function readBucketRoot(leaf: Page, index: number, place: PagePlace): BucketRoot {
  const start = leaf.keyStart(index) + leaf.keySize(index);
  return parseBucketRoot(leaf.bytes, start, leaf.valueSize(index), place);
}

/** Reads the bucket in bytes[start, start + size); `place` is that of bytes[0]. */
export function parseBucketRoot(
  bytes: Uint8Array,
  start: number,
  size: number,
  place: PagePlace,
): BucketRoot {
  const valuePlace = placeWithin(place, start);
  if (size < BUCKET_HEADER_BYTES) {
    throw damage(place.path, valuePlace.offset, `a bucket's value has only ${size} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, size);
  const pageId = readUint64(view, 0);
  const sequence = view.getBigUint64(8, true);
  if (pageId !== 0) return { pageId, inlinePage: undefined, sequence };
  const image = bytes.slice(start + BUCKET_HEADER_BYTES, start + size);
  const imagePlace = placeWithin(valuePlace, BUCKET_HEADER_BYTES);
  return { pageId, inlinePage: parseInlinePage(image, imagePlace), sequence };
}

function parseInlinePage(image: Uint8Array, place: PagePlace): Page {
  const { path, offset } = place;
  if (image.length < PAGE_HEADER_BYTES) throw damage(path, offset, "an inline page is cut off");
  const header = readPageHeader(new DataView(image.buffer), 0);
  checkTreePageHeader(header, { id: 0, pageCount: 1 }, place);
  if (header.flags !== PageFlag.LEAF) throw damage(path, offset, "an inline page is no leaf");
  return parsePage(0, image, place);
}

/** The page at the top of the bucket that a pair's value is; 0 if it has none of its own. */
export function bucketPageId(pair: LeafItem): number {
  if (pair.valueSize < BUCKET_HEADER_BYTES) return 0;
  const start = pair.bytes.byteOffset + pair.start + pair.keySize;
  return readUint64(new DataView(pair.bytes.buffer, start, BUCKET_HEADER_BYTES), 0);
}

/** Writes what precedes the inline page, or is the whole value if there is none. */
export function writeBucketHeader(
  view: DataView,
  offset: number,
  pageId: number,
  sequence: bigint,
): void {
  writeUint64(view, offset, pageId);
  view.setBigUint64(offset + 8, sequence, true);
}
