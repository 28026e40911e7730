import type { Entry, HardState } from "../pb/raftpb.ts";

/** Where the log goes: etcd's WAL on a disk, or nowhere for a server that lives in memory only. */
export interface LogStorage {
  /** Writes a batch and returns whether it needs a sync before anybody relies on it. */
  append(hardState: HardState | undefined, entries: readonly Entry[]): boolean;
  /** Makes durable what was appended. A failure is final: the member must stop. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The storage of a server that forgets everything when it stops. */
export const memoryLogStorage: LogStorage = {
  append: () => false,
  sync: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
