import assert from "node:assert/strict";
import { utlMain } from "./main.ts";
import { CapturedUtlIo } from "./testing/captured_utl_io.ts";
import { fileSystemWith, sampleImage, withBackupHash } from "./testing/sample_files.ts";

const CLEAR_LINE = "\r\x1b[K";

Deno.test("UtlContext.watch() draws progress for a person, and rubs it out before an error", async () => {
  const backup = withBackupHash(await sampleImage());
  const io = new CapturedUtlIo(fileSystemWith("b", backup));
  io.isTerminal = true;
  assert.equal(await utlMain(["check", "b"], io), 0);
  const drawn = io.err.split(CLEAR_LINE);
  assert.equal(drawn[1], "checking b: 0%");
  assert.match(drawn.at(-1) ?? "", /^checking b: done in \d\.\d s.*\n$/);
  backup[0] ^= 1;
  const failing = new CapturedUtlIo(fileSystemWith("b", backup));
  failing.isTerminal = true;
  assert.equal(await utlMain(["snapshot", "restore", "b"], failing), 1);
  assert(failing.err.includes(`${CLEAR_LINE}Error: expected sha256 `), failing.err);
});
