import type { DiskFile } from "../file_system.ts";
import { DISK_LIMITS } from "../limits.ts";
import { encodeMetaPage } from "./meta.ts";
import { tryReadMetaPages } from "./meta_pages.ts";
import { PageFlag, writePageHeader } from "./page.ts";

const FREELIST_ID = 2;
const ROOT_ID = 3;
const PAGE_COUNT = 4;

/** The bytes of a file without buckets, just as bbolt begins one. */
export function newFileImage(pageBytes: number): Uint8Array {
  const image = new Uint8Array(PAGE_COUNT * pageBytes);
  const view = new DataView(image.buffer);
  for (const transactionId of [0, 1]) {
    const meta = {
      pageBytes,
      rootId: ROOT_ID,
      rootSequence: 0n,
      freelistId: FREELIST_ID,
      pageCount: PAGE_COUNT,
      transactionId,
    };
    encodeMetaPage(meta, transactionId, image, transactionId * pageBytes);
  }
  const freelist = { id: FREELIST_ID, flags: PageFlag.FREELIST, count: 0, span: 1 };
  writePageHeader(view, FREELIST_ID * pageBytes, freelist);
  const root = { id: ROOT_ID, flags: PageFlag.LEAF, count: 0, span: 1 };
  writePageHeader(view, ROOT_ID * pageBytes, root);
  return image;
}

/**
 * Whether nothing was ever stored in the file: it is empty, or it is what a loss of power leaves of
 * a file that was just being made, in which each sector is either written or not.
 */
export function isUnstarted(file: DiskFile, pageBytes: number): boolean {
  const size = file.size();
  const image = newFileImage(pageBytes);
  if (size > image.length || typeof tryReadMetaPages(file) !== "string") return false;
  const bytes = new Uint8Array(size);
  file.readAt(bytes, 0, size, 0);
  for (let start = 0; start < size; start += DISK_LIMITS.sectorBytes) {
    const end = Math.min(start + DISK_LIMITS.sectorBytes, size);
    const sector = bytes.subarray(start, end);
    const isZero = sector.every((byte) => byte === 0);
    if (!isZero && !sector.every((byte, i) => byte === image[start + i])) return false;
  }
  return true;
}

/** Makes it a file without buckets. The meta pages come last, when all they lead to is safe. */
export async function startFile(file: DiskFile, pageBytes: number): Promise<void> {
  const image = newFileImage(pageBytes);
  const metaEnd = 2 * pageBytes;
  file.writeAt(image, metaEnd, image.length, metaEnd);
  await file.dataSync();
  file.writeAt(image, 0, metaEnd, 0);
  await file.dataSync();
}
