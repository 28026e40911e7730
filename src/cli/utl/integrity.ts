import type { BTreeFile } from "../../disk/btree/btree_file.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";

/** Throws, in etcdutl's words, unless all pages of a B-tree file are in order. */
export async function requireIntegrity(tree: BTreeFile): Promise<void> {
  const findings = await tree.check();
  if (findings.length === 0) return;
  const lines = findings.map(({ offset, what }) => `${tree.path}: byte ${offset}: ${what}`);
  throw new Error(
    `snapshot file integrity check failed. ${findings.length} errors found.\n${lines.join("\n")}`,
  );
}

/** Runs work on a backup; the advice for damage in it is another one than for a member's file. */
export async function onBackup<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== DiskErrorCode.CORRUPT) throw error;
    const place = error.offset === undefined ? "" : ` at byte ${error.offset}`;
    const message = `${path} is damaged${place}: ${error.what}. Use another backup`;
    throw new Error(message, { cause: error });
  }
}
