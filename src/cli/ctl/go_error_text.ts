import type { DiskError } from "../../disk/disk_error.ts";

/** What Go says for the system's codes that users meet. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EEXIST", "file exists"],
  // Go finds the directory in the way before the system does.
  ["EISDIR", "file exists"],
  ["ENOENT", "no such file or directory"],
  ["ENOSPC", "no space left on device"],
  ["ENOTDIR", "not a directory"],
  ["EPERM", "operation not permitted"],
  ["EROFS", "read-only file system"],
]);

/** Why the system refused, in the words that Go has for it. */
export function goErrorText({ code, what }: DiskError): string {
  return TEXTS.get(code) ?? what;
}
