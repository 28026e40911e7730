import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Prng } from "../base/prng.ts";
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
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  /** The bound on the stored state in bytes; 0 is etcd's default, negative is no bound. */
  readonly quotaBackendBytes: number;
  /** What history to keep; undefined keeps all until somebody compacts. */
  readonly autoCompaction: AutoCompactionConfig | undefined;
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
}

/** How long a request may wait for the log, in milliseconds, as etcd computes it. */
export function requestTimeoutMs(config: ServerConfig): number {
  return 5000 + 2 * config.electionTicks * config.tickMs;
}

/** The shortest time to live that a lease gets, in seconds: one and a half election timeouts. */
export function minLeaseTtlSeconds(config: ServerConfig): number {
  return Math.ceil((3 * config.electionTicks * config.tickMs) / 2 / 1000);
}
