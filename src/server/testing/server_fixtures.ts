import { systemClock } from "../../base/clock.ts";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { silentLogger } from "../../base/log.ts";
import { Prng } from "../../base/prng.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import { LeaseGrantRequest, PutRequest, RangeRequest } from "../../pb/etcdserverpb.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import { EtcdServer } from "../etcd_server.ts";
import { PutOperation } from "../operations/kv.ts";
import { LeaseGrantOperation, type LeaseGrantResult } from "../operations/lease.ts";
import type { ServerConfig } from "../server_config.ts";

/** A configuration for tests: one member on the given disk. */
export function testConfig(
  fileSystem: FileSystem | undefined,
  overrides: Partial<ServerConfig> = {},
): ServerConfig {
  return {
    name: "test",
    disk: fileSystem && { fileSystem, dataDir: "/data", walDir: "", unsafeNoFsync: false },
    peerUrls: ["http://localhost:2380"],
    clusterToken: "etcd-cluster",
    advertiseClientUrls: ["http://localhost:2379"],
    tickMs: 100,
    electionTicks: 10,
    initialElectionTickAdvance: true,
    forceNewCluster: false,
    maxTxnOps: 128,
    maxRequestBytes: 1572864,
    maxLearners: 1,
    quotaBackendBytes: 0,
    autoCompaction: undefined,
    compatVersion: CompatVersion.newest,
    backend: {
      valueCacheBytes: Infinity,
      batchIntervalMs: 100,
      batchLimit: 10_000,
      snapshotCount: 10_000,
      snapshotCatchUpEntries: 5_000,
      maxWals: 5,
      maxSnapshots: 5,
      bootstrapDefragThresholdBytes: 0,
    },
    compaction: { batchLimit: 1000, sleepIntervalMs: 10 },
    auth: { token: "simple", tokenTtlSeconds: 300, bcryptCost: 4, usesCommonNames: false },
    corruptionChecks: { initial: false, intervalMs: 0, compactHashIntervalMs: 0 },
    leases: { checkpoint: false, persistCheckpoints: false },
    hasPriorityRequests: false,
    stopsServingOnDefragment: false,
    downgradeCheckMs: 5_000,
    watchProgressNotifyIntervalMs: 600_000,
    warningApplyDurationMs: 100,
    clock: systemClock,
    prng: new Prng(1),
    logger: silentLogger,
    observer: { synced: () => {}, written: () => {} },
    ...overrides,
  };
}

/** A server that is ready. */
export async function startServer(config: ServerConfig): Promise<EtcdServer> {
  const server = await EtcdServer.open(config);
  server.start();
  await server.readyNotify;
  return server;
}

/** Puts a key and resolves with the revision of the put. */
export async function put(server: EtcdServer, key: string, value: string): Promise<number> {
  const request = PutRequest.create({ key, value: new TextEncoder().encode(value) });
  return await new Promise((resolve, failed) => {
    const applied = () => resolve(server.store.currentRevision);
    const operation = new PutOperation(request, { applied, failed });
    server.proposeEncoded(operation, PutRequest.encode(request));
  });
}

/** The value and the revision of a key, read from the applied state. */
export function get(
  server: EtcdServer,
  key: string,
): { value: string; revision: number } | undefined {
  const [ref] = server.store.range(RangeRequest.create({ key })).kvs;
  if (ref === undefined) return undefined;
  const pair = KeyValue.decode(ref.bytes, ref.start, ref.end);
  return { value: new TextDecoder().decode(pair.value), revision: pair.modRevision };
}

export function grantLease(server: EtcdServer, id: bigint, ttl: number): Promise<LeaseGrantResult> {
  const request = LeaseGrantRequest.create({ id, ttl });
  return new Promise((applied, failed) => {
    const operation = new LeaseGrantOperation(request, { applied, failed });
    server.proposeEncoded(operation, LeaseGrantRequest.encode(request));
  });
}
