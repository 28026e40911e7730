import type { Entry, HardState } from "../../pb/raftpb.ts";
import type { Snapshot } from "../../pb/walpb.ts";

/** Where the log goes: etcd's WAL on a disk, or nowhere for a server that lives in memory only. */
export interface LogStorage {
  /** Writes a batch and returns whether it needs a sync before anybody relies on it. */
  append(hardState: HardState | undefined, entries: readonly Entry[]): boolean;
  /** Makes durable what was appended. A failure is final: the member must stop. */
  sync(): Promise<void>;
  /** Records that a snapshot was saved, after its file is safe; done when the record is safe too. */
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  /** The log up to the index is not needed any more. */
  releaseTo(index: number): void;
  /** Removes the oldest segments that are not needed while there are more than `keepCount`. */
  purge(keepCount: number): void;
}

/** The storage of a server that forgets everything when it stops. */
export const memoryLogStorage: LogStorage = {
  append: () => false,
  sync: () => Promise.resolve(),
  saveSnapshot: () => Promise.resolve(),
  releaseTo: () => {},
  purge: () => {},
};
