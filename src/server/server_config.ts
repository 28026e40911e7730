import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Prng } from "../base/prng.ts";
import type { CompatVersion } from "../core/members/compat_version.ts";
import type { BTreeOptions } from "../disk/btree/btree_file.ts";
import type { FileSystem } from "../disk/file_system.ts";
import type { WalObserver } from "../disk/wal.ts";

/** What a member needs to know. The embed room makes it from the user's Config. */
export interface ServerConfig {
  readonly name: string;
  /** Where the log lives; undefined for a server that lives in memory only. */
  readonly disk: DiskConfig | undefined;
  /** The member's own advertised peer URLs, from which its ID is computed at the first start. */
  readonly peerUrls: readonly string[];
  readonly clusterToken: string;
  readonly advertiseClientUrls: readonly string[];
  /** Make a cluster of this one member out of what is in the data directory. */
  readonly forceNewCluster: boolean;
  readonly tickMs: number;
  readonly electionTicks: number;
  /** Whether the first election need not wait for its timeout. */
  readonly initialElectionTickAdvance: boolean;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  /** How many learners the cluster may have. */
  readonly maxLearners: number;
  /** The bound on the stored state in bytes; 0 is etcd's default, negative is no bound. */
  readonly quotaBackendBytes: number;
  /** What history to keep; undefined keeps all until somebody compacts. */
  readonly autoCompaction: AutoCompactionConfig | undefined;
  /** The etcd version that this member presents to clients and writes its files for. */
  readonly compatVersion: CompatVersion;
  readonly backend: BackendConfig;
  readonly compaction: CompactionConfig;
  readonly corruptionChecks: CorruptionChecksConfig;
  readonly leases: LeaseConfig;
  /** Whether revocations of leases are still taken when other requests are refused as too many. */
  readonly hasPriorityRequests: boolean;
  /** Whether the health service says NOT_SERVING while the backend is defragmented. */
  readonly stopsServingOnDefragment: boolean;
  /** The time between two looks whether a downgrade is done. */
  readonly downgradeCheckMs: number;
  readonly auth: AuthConfig;
  readonly watchProgressNotifyIntervalMs: number;
  readonly warningApplyDurationMs: number;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly observer: WalObserver;
}

/** How much history automatic compaction keeps. */
export type AutoCompactionConfig =
  | { readonly mode: "periodic"; readonly periodMs: number }
  | { readonly mode: "revision"; readonly retainedRevisions: number };

/** The directories and how to write to them. */
export interface DiskConfig {
  readonly fileSystem: FileSystem;
  readonly dataDir: string;
  /** A directory of its own for the WAL, or "" for the usual place in the data directory. */
  readonly walDir: string;
  /** Acknowledge before the sync. A crash of the machine may then lose acknowledged writes. */
  readonly unsafeNoFsync: boolean;
  readonly forTests?: DiskTestConfig | undefined;
}

/** What only tests change: sizes that make rare things happen often, and planted defects. */
export interface DiskTestConfig {
  readonly walSegmentSizeBytes?: number | undefined;
  /** Acknowledge before the log is synced, and sync nothing but the B-tree file. */
  readonly walWithoutSync?: boolean | undefined;
  readonly newPageAllocator?: BTreeOptions["newAllocator"];
}

/** How long a request may wait for the log, in milliseconds, as etcd computes it. */
export function requestTimeoutMs(config: ServerConfig): number {
  return 5000 + 2 * config.electionTicks * config.tickMs;
}

/** The shortest time to live that a lease gets, in seconds: one and a half election timeouts. */
export function minLeaseTtlSeconds(config: ServerConfig): number {
  return Math.ceil((3 * config.electionTicks * config.tickMs) / 2 / 1000);
}

/**
 * Whether what the log says of the time left goes to the B-tree file: etcd from 3.6 on always
 * stores it, before that it was an option.
 */
export function persistsLeaseCheckpoints({ leases, compatVersion }: ServerConfig): boolean {
  return leases.persistCheckpoints || compatVersion.minor >= 6;
}

/** When the state goes to the files, and how much of the past is kept there. */
export interface BackendConfig {
  /** How much memory the bytes of pairs may take; what is beyond is read from the B-tree file. */
  readonly valueCacheBytes: number;
  /** How long an applied change waits at most until it is written to the B-tree file. */
  readonly batchIntervalMs: number;
  /** How many changes make the B-tree file be written before that. */
  readonly batchLimit: number;
  /** How many log entries are applied between two snapshots. */
  readonly snapshotCount: number;
  /** Applied entries kept in memory behind a snapshot, for followers that are late. */
  readonly snapshotCatchUpEntries: number;
  /** How many log segments are kept; 0 keeps all. */
  readonly maxWals: number;
  /** How many snapshot files are kept; 0 keeps all. */
  readonly maxSnapshots: number;
  /** Defragment at the start if that frees so many bytes; 0 never does. */
  readonly bootstrapDefragThresholdBytes: number;
}

/** The pace at which superseded changes are removed. */
export interface CompactionConfig {
  /** Changes removed between two pauses. */
  readonly batchLimit: number;
  readonly sleepIntervalMs: number;
}

/** What becomes of the time that long leases have left when the leader changes. */
export interface LeaseConfig {
  /** Whether it is noted in the log every five minutes. */
  readonly checkpoint: boolean;
  /** Whether what was noted outlasts a restart also where etcd before 3.6 is presented. */
  readonly persistCheckpoints: boolean;
}

/** When the state in memory is compared with the files. */
export interface CorruptionChecksConfig {
  /** Verify the whole B-tree file before serving. */
  readonly initial: boolean;
  /** The time between two comparisons of the whole state; 0 is never. */
  readonly intervalMs: number;
  /** The time between two looks at the hashes made at compactions; 0 is never. */
  readonly compactHashIntervalMs: number;
}

/** How users come in. */
export interface AuthConfig {
  /** The kind of token with its options: `simple`, or `jwt,...`. */
  readonly token: string;
  /** How long a simple token lives after its last use. */
  readonly tokenTtlSeconds: number;
  /** The work spent on hashing a password; each step doubles it. */
  readonly bcryptCost: number;
  /** Whether who shows a certificate is the user in it, unless there is a token. */
  readonly usesCommonNames: boolean;
}
