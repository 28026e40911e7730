import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { utlMain } from "./main.ts";
import { CapturedUtlIo } from "./testing/captured_utl_io.ts";
import { fileSystemWith, sampleImage } from "./testing/sample_files.ts";

Deno.test("lockDatabase() tells who waits and goes on when the lock is free", async () => {
  const fileSystem = fileSystemWith("db", await sampleImage());
  const clock = new ManualClock();
  const io = new CapturedUtlIo(fileSystem);
  io.clock = clock;
  const lock = fileSystem.tryLock("db");
  const exitCode = utlMain(["hashkv", "db"], io);
  for (let i = 0; i < 30; i++) {
    clock.advance(100);
    await Promise.resolve();
    await Promise.resolve();
  }
  const notice = 'waiting for etcd to close and release its lock on "db". To look at the data of ' +
    "a running server, use a backup (detcd ctl snapshot save).\n";
  assert.equal(io.err, notice);
  assert.equal(io.out, "");
  lock?.release();
  clock.advance(100);
  assert.equal(await exitCode, 0);
  assert.match(io.out, /^\d+, 202, 2\n$/);
});
