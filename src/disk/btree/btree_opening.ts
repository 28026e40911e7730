import { DiskError, DiskErrorCode } from "../disk_error.ts";
import type { DiskFile } from "../file_system.ts";
import { DISK_LIMITS } from "../limits.ts";
import { damage } from "./damage.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { decodeMeta, encodeMetaPage, type Meta } from "./meta.ts";
import { PageFlag, writePageHeader } from "./page.ts";

/** What the two meta pages say. */
export interface ReadMeta {
  readonly meta: Meta;
  /** What is wrong with the other one, if anything: a crash can leave that behind. */
  readonly warning: string | undefined;
}

/** Reads the meta that leads to the newest tree. Throws if there is none. */
export function readMeta(file: DiskFile): ReadMeta {
  const head = readHead(file);
  const first = decodeMeta(head, 0);
  const second = typeof first === "string" ? findSecondMeta(head) : secondMeta(head, first);
  if (typeof first === "string" && typeof second === "string") {
    throw damage(file.path, 0, `no meta page can be used: ${first}`);
  }
  const { newer, warning } = chooseMeta(first, second);
  const needed = newer.pageCount * newer.pageBytes;
  if (file.size() < needed) {
    throw damage(file.path, file.size(), `the file ends here, but its tree takes ${needed} bytes`);
  }
  return { meta: newer, warning };
}

function chooseMeta(
  first: Meta | string,
  second: Meta | string,
): { newer: Meta; warning: string | undefined } {
  if (typeof first === "string") {
    if (typeof second === "string") throw new TypeError("one of the two can be used");
    return { newer: second, warning: `meta page 0 cannot be used: ${first}` };
  }
  if (typeof second === "string") {
    return { newer: first, warning: `meta page 1 cannot be used: ${second}` };
  }
  const newer = second.transactionId > first.transactionId ? second : first;
  return { newer, warning: undefined };
}
