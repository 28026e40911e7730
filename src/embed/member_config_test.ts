import assert from "node:assert/strict";
import { type Config, newConfig } from "./config/config.ts";
import { ConfigError } from "./config/errors.ts";
import { memberConfig } from "./member_config.ts";
import { newMemoryConfig } from "./memory_config.ts";
import type { ServerConfig } from "../server/server_config.ts";

const OBSERVER = { written(): void {}, synced(): void {} };

async function memberAfter(change: (config: Config) => void): Promise<ServerConfig> {
  const config = newConfig();
  change(config);
  config.validate();
  return await memberConfig(config, [], OBSERVER);
}

Deno.test("memberConfig() has etcd's defaults of storage when nothing is set", async () => {
  const member = await memberAfter(() => {});
  assert.deepEqual(member.backend, {
    valueCacheBytes: 512 * 1024 * 1024,
    batchIntervalMs: 100,
    batchLimit: 10_000,
    snapshotCount: 10_000,
    snapshotCatchUpEntries: 5_000,
    maxWals: 5,
    maxSnapshots: 5,
    bootstrapDefragThresholdBytes: 0,
  });
  assert.deepEqual(member.compaction, { batchLimit: 1000, sleepIntervalMs: 10 });
  assert.deepEqual(member.corruptionChecks, {
    initial: false,
    intervalMs: 0,
    compactHashIntervalMs: 0,
  });
  assert.equal(member.compatVersion.line, "3.7");
});

Deno.test("memberConfig() passes on what is set", async () => {
  const member = await memberAfter((config) => {
    config.valueCacheBytes = 2 ** 20;
    config.backendBatchIntervalMs = 1;
    config.backendBatchLimit = 2;
    config.snapshotCount = 3;
    config.snapshotCatchUpEntries = 4;
    config.maxWalFiles = 0;
    config.maxSnapFiles = 6;
    config.bootstrapDefragThresholdMegabytes = 7;
    config.compactionBatchLimit = 8;
    config.compactionSleepIntervalMs = 9;
    config.corruptCheckTimeMs = 10;
    config.compactHashCheckTimeMs = 11;
    config.experimentalInitialCorruptCheck = true;
    config.experimentalCompactHashCheckEnabled = true;
    config.compatVersion = "3.5";
  });
  assert.deepEqual(member.backend, {
    valueCacheBytes: 1048576,
    batchIntervalMs: 1,
    batchLimit: 2,
    snapshotCount: 3,
    snapshotCatchUpEntries: 4,
    maxWals: 0,
    maxSnapshots: 6,
    bootstrapDefragThresholdBytes: 7340032,
  });
  assert.deepEqual(member.compaction, { batchLimit: 8, sleepIntervalMs: 9 });
  assert.deepEqual(member.corruptionChecks, {
    initial: true,
    intervalMs: 10,
    compactHashIntervalMs: 11,
  });
  assert.equal(member.compatVersion.release, "3.5.21");
});

Deno.test("memberConfig() switches each corruption check by its own gate", async () => {
  const atStart = await memberAfter((config) => config.experimentalInitialCorruptCheck = true);
  assert.deepEqual(atStart.corruptionChecks, {
    initial: true,
    intervalMs: 0,
    compactHashIntervalMs: 0,
  });
  const ofHashes = await memberAfter((config) => config.experimentalCompactHashCheckEnabled = true);
  assert.deepEqual(ofHashes.corruptionChecks, {
    initial: false,
    intervalMs: 0,
    compactHashIntervalMs: 60_000,
  });
});

Deno.test("memberConfig() switches leases, priority and health by their gates", async () => {
  const plain = await memberAfter(() => {});
  assert.deepEqual(plain.leases, { checkpoint: false, persistCheckpoints: false });
  assert.deepEqual([plain.hasPriorityRequests, plain.stopsServingOnDefragment], [false, false]);
  assert.deepEqual([plain.maxLearners, plain.downgradeCheckMs], [1, 5_000]);
  const gated = await memberAfter((config) => {
    config.serverFeatureGate = config.serverFeatureGate.with(
      "LeaseCheckpoint=true,LeaseCheckpointPersist=true,PriorityRequest=true," +
        "StopGRPCServiceOnDefrag=true,FastLeaseKeepAlive=false,TxnModeWriteWithSharedBuffer=false",
    );
    config.maxLearners = 3;
    config.downgradeCheckTimeMs = 100;
  });
  assert.deepEqual(gated.leases, { checkpoint: true, persistCheckpoints: true });
  assert.deepEqual([gated.hasPriorityRequests, gated.stopsServingOnDefragment], [true, true]);
  assert.deepEqual([gated.maxLearners, gated.downgradeCheckMs], [3, 100]);
});

Deno.test("memberConfig() takes 0 for etcd's default where etcd does", async () => {
  const { backend } = await memberAfter((config) => {
    config.snapshotCount = 0;
    config.snapshotCatchUpEntries = 0;
  });
  assert.equal(backend.snapshotCount, 10_000);
  assert.equal(backend.snapshotCatchUpEntries, 5_000);
});

Deno.test("memberConfig() takes negative numbers for as often and as fast as it can", async () => {
  const { backend, compaction } = await memberAfter((config) => {
    config.backendBatchLimit = -5;
    config.compactionSleepIntervalMs = -5;
  });
  assert.equal(backend.batchLimit, 1);
  assert.equal(compaction.sleepIntervalMs, 0);
});

Deno.test("memberConfig() keeps all in memory when nothing is stored", async () => {
  const config = newMemoryConfig();
  config.validate();
  const member = await memberConfig(config, [], OBSERVER);
  assert.equal(member.disk, undefined);
  assert.equal(member.backend.valueCacheBytes, Infinity);
});

Deno.test("memberConfig() refuses a release that validate() would have refused", async () => {
  const config = newConfig();
  config.compatVersion = "2.3";
  await assert.rejects(memberConfig(config, [], OBSERVER), ConfigError);
});
