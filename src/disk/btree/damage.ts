import { DiskError, DiskErrorCode } from "../disk_error.ts";

/**
 * The error for bytes that no B-tree file can have; `offset` is where in the file they are, if that
 * is one place.
 */
export function damage(path: string, offset: number | undefined, what: string): DiskError {
  return new DiskError({
    operation: "read the B-tree file",
    path,
    code: DiskErrorCode.CORRUPT,
    what,
    advice: "Restore this member from a backup, or remove it and add it again",
    ...(offset === undefined ? {} : { offset }),
  });
}
