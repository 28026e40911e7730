import { BTREE_LIMITS } from "./limits.ts";
import { PAGE_HEADER_BYTES, PageFlag, readUint64, writePageHeader, writeUint64 } from "./page.ts";

const MAGIC = 0xed0c_daed;
const VERSION = 2;
/** Stands where the freelist's page would, in a file that keeps no freelist. */
const NO_FREELIST = 0xffff_ffff_ffff_ffffn;
const META_BYTES = 64;
const CHECKSUM_OFFSET = 56;
const FNV_OFFSET_BASIS = 0xcbf2_9ce4_8422_2325n;
const FNV_PRIME = 0x100_0000_01b3n;

/** A page that is a meta page, as far as its meta. */
export const META_PAGE_BYTES: number = PAGE_HEADER_BYTES + META_BYTES;

/** What a meta page says: where a committed tree begins. */
export interface Meta {
  readonly pageBytes: number;
  /** The page at the top of the bucket of buckets. */
  readonly rootId: number;
  readonly rootSequence: bigint;
  /** Undefined if the file keeps no freelist. */
  readonly freelistId: number | undefined;
  /** All pages of the tree are below. */
  readonly pageCount: number;
  readonly transactionId: number;
}

/**
 * Reads the meta of the page that begins at `offset`. A string says why there is none that can be
 * used.
 */
export function decodeMeta(bytes: Uint8Array, offset: number): Meta | string {
  if (bytes.length - offset < META_PAGE_BYTES) return "the file is too short";
  const start = bytes.byteOffset + offset + PAGE_HEADER_BYTES;
  const view = new DataView(bytes.buffer, start, META_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return "it does not begin like one of bbolt";
  if (view.getUint32(4, true) !== VERSION) {
    return `its format is version ${view.getUint32(4, true)}, not ${VERSION}`;
  }
  if (view.getBigUint64(CHECKSUM_OFFSET, true) !== checksum(view)) return "its checksum is wrong";
  const freelist = view.getBigUint64(32, true);
  const meta = {
    pageBytes: view.getUint32(8, true),
    rootId: readUint64(view, 16),
    rootSequence: view.getBigUint64(24, true),
    freelistId: freelist === NO_FREELIST ? undefined : Number(freelist),
    pageCount: readUint64(view, 40),
    transactionId: readUint64(view, 48),
  };
  return whyImpossible(meta) ?? meta;
}

/** Writes the start of a meta page at `offset`: its header and its meta. */
export function encodeMetaPage(
  meta: Meta,
  pageId: number,
  target: Uint8Array,
  offset: number,
): void {
  const page = new DataView(target.buffer, target.byteOffset + offset, META_PAGE_BYTES);
  writePageHeader(page, 0, { id: pageId, flags: PageFlag.META, count: 0, span: 1 });
  const view = new DataView(page.buffer, page.byteOffset + PAGE_HEADER_BYTES, META_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, meta.pageBytes, true);
  view.setUint32(12, 0, true);
  writeUint64(view, 16, meta.rootId);
  view.setBigUint64(24, meta.rootSequence, true);
  const { freelistId } = meta;
  view.setBigUint64(32, freelistId === undefined ? NO_FREELIST : BigInt(freelistId), true);
  writeUint64(view, 40, meta.pageCount);
  writeUint64(view, 48, meta.transactionId);
  view.setBigUint64(CHECKSUM_OFFSET, checksum(view), true);
}

/** FNV-1a over all that is before the checksum. */
function checksum(view: DataView): bigint {
  let hash = FNV_OFFSET_BASIS;
  for (let i = 0; i < CHECKSUM_OFFSET; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(view.getUint8(i))) * FNV_PRIME);
  }
  return hash;
}

function whyImpossible(meta: Meta): string | undefined {
  const { pageBytes, pageCount, rootId, freelistId } = meta;
  if (!isPageSize(pageBytes)) return `it has pages of ${pageBytes} bytes`;
  if (pageCount > BTREE_LIMITS.pageCount) return `it counts ${pageCount} pages`;
  if (rootId < 2 || rootId >= pageCount) return `its tree begins on page ${rootId}`;
  if (freelistId !== undefined && (freelistId < 2 || freelistId >= pageCount)) {
    return `its freelist begins on page ${freelistId}`;
  }
  if (!Number.isSafeInteger(meta.transactionId)) return "its transaction number is too large";
  return undefined;
}

/** Whether the pages of a file can have this size. */
function isPageSize(pageBytes: number): boolean {
  return pageBytes >= BTREE_LIMITS.minPageBytes && pageBytes <= BTREE_LIMITS.maxPageBytes &&
    (pageBytes & (pageBytes - 1)) === 0;
}
