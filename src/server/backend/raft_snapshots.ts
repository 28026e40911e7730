import type { Clock } from "../../base/clock.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import {
  encodeSnapFile,
  purgeSnapFiles,
  removeSnapDbsBefore,
  writeSnapFileBytes,
} from "../../disk/snap_file.ts";
import { Snapshot } from "../../pb/raftpb.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { LogStorage } from "../raft/log_storage.ts";
import type { BackendConfig } from "../server_config.ts";
import type { BackendDurations } from "./backend_durations.ts";
import type { AppliedPosition } from "./state_cuts.ts";

/** What snapshots are made with. */
interface RaftSnapshotsParts {
  readonly fileSystem: FileSystem;
  /** The directory of the snapshot files. */
  readonly directory: string;
  readonly storage: LogStorage;
  readonly config: BackendConfig;
  readonly durations: BackendDurations;
  readonly clock: Clock;
}

/**
 * Tells the log from time to time from where on it is needed: once the B-tree file holds all up to
 * an index, a snapshot file and a record in the log say so, and the log before it may go.
 */
export class RaftSnapshots {
  readonly #parts: RaftSnapshotsParts;
  #lastIndex: number;
  #lastMs = -Infinity;
  #isForced = false;

  /** `lastIndex` is that of the newest snapshot there is. */
  constructor(parts: RaftSnapshotsParts, lastIndex: number) {
    this.#parts = parts;
    this.#lastIndex = lastIndex;
  }

  /** The index of the newest snapshot. */
  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** The next checkpoint makes a snapshot, however few entries there were since the last. */
  force(): void {
    this.#isForced = true;
  }

  /** Makes the last checkpoint a snapshot if one is due by the number of entries, however soon. */
  finish(): void {
    this.#lastMs = -Infinity;
  }

  /** Whether a checkpoint at this index is to be made a snapshot. */
  isDue(index: number): boolean {
    if (index <= this.#lastIndex) return false;
    if (this.#isForced) return true;
    const { clock, config } = this.#parts;
    const elapsedMs = clock.monotonicMs() - this.#lastMs;
    return index - this.#lastIndex >= config.snapshotCount &&
      elapsedMs >= SERVER_LIMITS.snapshotSpacingMs;
  }

  /** The B-tree file holds everything up to the position; `data` tells the members. */
  async save({ index, term, confState }: AppliedPosition, data: Uint8Array): Promise<void> {
    const { fileSystem, directory, storage, config, clock } = this.#parts;
    const metadata = { confState, index, term };
    await this.#writeFile(Snapshot.create({ data, metadata }));
    await storage.saveSnapshot({ index, term, confState });
    this.#lastIndex = index;
    this.#lastMs = clock.monotonicMs();
    this.#isForced = false;
    storage.releaseTo(index);
    if (config.maxWals > 0) storage.purge(config.maxWals);
    purgeSnapFiles(fileSystem, directory, config.maxSnapshots, index);
    removeSnapDbsBefore(fileSystem, directory, index);
  }

  async #writeFile(snapshot: Snapshot): Promise<void> {
    const { fileSystem, directory, durations, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const bytes = encodeSnapFile(snapshot);
    const encodedMs = clock.monotonicMs();
    await writeSnapFileBytes(fileSystem, directory, snapshot.metadata, bytes);
    const endedMs = clock.monotonicMs();
    durations.snapshotFileEncodings.add((encodedMs - startedMs) / 1000);
    durations.snapshotFileSyncs.add((endedMs - encodedMs) / 1000);
    durations.snapshotFiles.add((endedMs - startedMs) / 1000);
  }
}
