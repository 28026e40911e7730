import { damage } from "./damage.ts";
import { PAGE_HEADER_BYTES, PageFlag, readUint64 } from "./page.ts";
import { readPageHeader } from "./page_parser.ts";
import type { PageStore } from "./page_store.ts";

/** This count says that the real one comes first among the numbers. */
const LARGE_COUNT = 0xffff;

/** The pages on which bbolt keeps its list of free pages, where it does. */
interface FreelistPages {
  readonly id: number;
  readonly span: number;
}

/** Where the freelist that begins on page `id` is. Throws if there is none. */
export function findFreelist(store: PageStore, id: number): FreelistPages {
  const offset = id * store.pageBytes;
  const bytes = read(store, id, PAGE_HEADER_BYTES);
  const header = readPageHeader(new DataView(bytes.buffer), 0);
  if (header.flags !== PageFlag.FREELIST || header.id !== id) {
    throw damage(store.path, offset, `page ${id} is no freelist`);
  }
  if (id + header.span > store.pageCount) {
    throw damage(store.path, offset, `the freelist on page ${id} is ${header.span} pages long`);
  }
  return { id, span: header.span };
}

/** The numbers on the freelist, as they stand there. */
export function readFreelist(store: PageStore, { id, span }: FreelistPages): number[] {
  const bytes = read(store, id, span * store.pageBytes);
  const view = new DataView(bytes.buffer);
  let { count } = readPageHeader(view, 0);
  let start = PAGE_HEADER_BYTES;
  if (count === LARGE_COUNT) {
    count = readUint64(view, start);
    start += 8;
  }
  if (start + 8 * count > bytes.length) {
    throw damage(store.path, id * store.pageBytes, `the freelist has no room for ${count} numbers`);
  }
  return Array.from({ length: count }, (_, i) => readUint64(view, start + 8 * i));
}

function read(store: PageStore, id: number, sizeBytes: number): Uint8Array {
  const offset = id * store.pageBytes;
  const bytes = new Uint8Array(sizeBytes);
  const count = store.file.readAt(bytes, 0, sizeBytes, offset);
  if (count === sizeBytes) return bytes;
  throw damage(store.path, offset + count, "the file ends within its freelist");
}
