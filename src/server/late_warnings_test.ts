import assert from "node:assert/strict";
import { recordingLogger } from "../base/testing/recording_logger.ts";
import { LateReads } from "./reads/late_reads.ts";
import { LateTicks } from "./raft/late_ticks.ts";

Deno.test("LateTicks warns a leader whose heartbeats are two intervals late", () => {
  const { lines, logger } = recordingLogger();
  const ticks = new LateTicks(100, logger);
  for (const nowMs of [5000, 5100, 5300]) ticks.ticked(nowMs, true);
  // A follower sends none.
  ticks.ticked(6000, false);
  assert.equal(lines.length, 0);
  ticks.ticked(6350, true);
  assert.match(lines[0].message, /^leader failed to send out heartbeat on time; took too long/);
  assert.deepEqual(lines[0].fields, {
    "heartbeat-interval": "100ms",
    "expected-duration": "200ms",
    "exceeded-duration": "150ms",
  });
});

Deno.test("LateReads warns every half second while a read is not confirmed", () => {
  const { lines, logger } = recordingLogger();
  const reads = new LateReads(logger);
  reads.check(Infinity, 0, 1000);
  reads.check(1000, 1, 1499);
  assert.equal(lines.length, 0);
  for (let nowMs = 1500; nowMs <= 2100; nowMs += 100) reads.check(1000, 1, nowMs);
  assert.equal(lines.length, 2);
  assert.equal(lines[0].message, "waiting for ReadIndex response took too long, retrying");
  assert.equal(lines[0].fields["retry-timeout"], "500ms");
});
