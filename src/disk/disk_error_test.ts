import assert from "node:assert/strict";
import { DiskError, DiskErrorCode, diskErrorFrom } from "./disk_error.ts";

Deno.test("DiskError says what happened, where, and what to do", () => {
  const error = new DiskError({
    operation: "read the log in",
    path: "/d/member/wal/x.wal",
    code: DiskErrorCode.CORRUPT,
    what: "the checksum differs",
    advice: "Restore this member from a backup",
    offset: 4096,
  });
  assert.equal(
    error.message,
    "Cannot read the log in /d/member/wal/x.wal at byte 4096: the checksum differs. " +
      "Restore this member from a backup",
  );
  assert.equal(error.offset, 4096);
});

Deno.test("diskErrorFrom() keeps the system's code and its error", () => {
  const cause = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
  });
  const error = diskErrorFrom("write", "/d/file", cause);
  assert.equal(error.code, "ENOSPC");
  assert.equal(error.cause, cause);
  assert.match(error.message, /^Cannot write \/d\/file: ENOSPC: .*\. The disk is full: make room/);
});

Deno.test("diskErrorFrom() leaves a DiskError as it is and takes what is no Error", () => {
  const error = diskErrorFrom("write", "/d/file", "nonsense");
  assert.equal(error.code, DiskErrorCode.UNKNOWN);
  assert.equal(diskErrorFrom("open", "/other", error), error);
});
