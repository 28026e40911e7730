import type { ConfState, Entry, HardState, Message } from "../../pb/raftpb.ts";

/**
 * What the state machine wants done. The caller takes one Ready, does its work and reports back;
 * meanwhile it may step, tick and propose, and take the next Ready.
 */
export interface Ready {
  /**
   * The term, vote and commit index when one of them changed, else undefined. MUST be written in
   * front of, or together with, `entries`.
   */
  readonly hardState: HardState | undefined;
  /** Entries to write to the WAL. The caller reports them with `persisted` AFTER their sync. */
  readonly entries: readonly Entry[];
  /** Whether the write needs a sync: an entry, the term or the vote is new. */
  readonly mustSync: boolean;
  /** Messages that may leave BEFORE this Ready is durable (a leader's appends and heartbeats). */
  readonly messages: readonly Message[];
  /** Messages that MUST NOT leave before this Ready is durable (votes, a follower's answers). */
  readonly messagesAfterSync: readonly Message[];
  /** Entries to apply, in order. The caller reports them with `applied`. */
  readonly committedEntries: readonly Entry[];
  /** Confirmed linearizable reads: once `index` is applied, the read with `context` may answer. */
  readonly readStates: readonly ReadState[];
}

/** A confirmed read index. */
export interface ReadState {
  readonly index: number;
  readonly context: number;
}

/** Where Raft starts from: all zero and empty for a log that has never been written. */
export interface RaftStart {
  readonly hardState: HardState;
  /** The snapshot that the log builds on. */
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  /** The state that the member starts with holds what the entries up to this one have done. */
  readonly appliedIndex: number;
  /** The members as of the applied index. */
  readonly confState: ConfState;
  /** The WAL's entries behind the snapshot. */
  readonly entries: readonly Entry[];
}
