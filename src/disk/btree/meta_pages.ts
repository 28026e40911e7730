import type { DiskFile } from "../file_system.ts";
import { damage } from "./damage.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { decodeMeta, type Meta, META_PAGE_BYTES } from "./meta.ts";

/** What the two meta pages say. */
interface ReadMeta {
  /** The one that leads to the newest tree. */
  readonly meta: Meta;
  /** What is wrong with the other one, if anything: a loss of power can leave that behind. */
  readonly warning: string | undefined;
}

/** Reads the meta pages. Throws if neither can be used. */
export function readMetaPages(file: DiskFile): ReadMeta {
  const found = tryReadMetaPages(file);
  if (typeof found === "string") {
    throw damage(file.path, 0, `neither of its meta pages can be used: ${found}`);
  }
  const { pageCount, pageBytes } = found.meta;
  const size = file.size();
  if (size < pageCount * pageBytes) {
    throw damage(file.path, size, `the file ends here, within its ${pageCount} pages`);
  }
  return found;
}

/** The same; a string says why neither can be used. */
export function tryReadMetaPages(file: DiskFile): ReadMeta | string {
  const head = new Uint8Array(BTREE_LIMITS.maxPageBytes + META_PAGE_BYTES);
  const bytes = head.subarray(0, file.readAt(head, 0, head.length, 0));
  const first = decodeMeta(bytes, 0);
  const second = typeof first === "string" ? findSecond(bytes) : readSecond(bytes, first.pageBytes);
  if (typeof first === "string") {
    if (typeof second === "string") return first;
    return { meta: second, warning: `meta page 0 cannot be used: ${first}` };
  }
  if (typeof second === "string") {
    return { meta: first, warning: `meta page 1 cannot be used: ${second}` };
  }
  const meta = second.transactionId > first.transactionId ? second : first;
  return { meta, warning: undefined };
}

function readSecond(bytes: Uint8Array, pageBytes: number): Meta | string {
  const meta = decodeMeta(bytes, pageBytes);
  if (typeof meta === "string" || meta.pageBytes === pageBytes) return meta;
  return `it has pages of ${meta.pageBytes} bytes`;
}

/** Without the first one, the size of a page is known only once the second one is found. */
function findSecond(bytes: Uint8Array): Meta | string {
  const { minPageBytes, maxPageBytes } = BTREE_LIMITS;
  for (let pageBytes = minPageBytes; pageBytes <= maxPageBytes; pageBytes *= 2) {
    const meta = readSecond(bytes, pageBytes);
    if (typeof meta !== "string") return meta;
  }
  return "it is not there";
}
