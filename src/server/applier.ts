import type { RaftNode } from "../core/raft/raft_node.ts";
import { type Entry, EntryType } from "../pb/raftpb.ts";
import type { AppliedState } from "./applied_state.ts";
import type { ServerCounts } from "./counts/server_counts.ts";
import { decodeOperation } from "./operations/decode.ts";
import type { Proposer } from "./proposals/proposer.ts";
import { applyConfChange } from "./raft/conf_change.ts";
import type { ServerConfig } from "./server_config.ts";

/** What applying needs from the server around it. */
interface ApplierParts {
  readonly config: ServerConfig;
  readonly state: AppliedState;
  readonly raft: RaftNode;
  readonly proposer: Proposer;
  readonly counts: ServerCounts;
}

/** Brings committed entries into the state, and the answers to those who proposed them. */
export class Applier {
  readonly #config: ServerConfig;
  readonly #state: AppliedState;
  readonly #raft: RaftNode;
  readonly #proposer: Proposer;
  readonly #counts: ServerCounts;

  constructor({ config, state, raft, proposer, counts }: ApplierParts) {
    this.#config = config;
    this.#state = state;
    this.#raft = raft;
    this.#proposer = proposer;
    this.#counts = counts;
  }

  apply(entry: Entry): void {
    if (entry.type === EntryType.EntryConfChange) this.#applyMemberChange(entry);
    // A leader begins its term with an entry that holds nothing.
    else if (entry.data !== undefined && entry.data.length > 0) {
      this.#applyOperation(entry.data, entry.index);
    }
  }

  #applyMemberChange(entry: Entry): void {
    const { change, refusal } = applyConfChange(this.#state.membership, entry);
    this.#raft.applyConfChange(change);
    this.#proposer.memberChangeApplied(change.id, refusal);
  }

  #applyOperation(data: Uint8Array, index: number): void {
    const own = this.#proposer.take(data);
    // Applying it may propose and take others.
    const proposedMs = this.#proposer.takenSinceMs;
    const operation = own ?? decodeOperation(data, index);
    this.#state.entryIndex = index;
    const isDone = operation.apply(this.#state);
    const { operations } = this.#counts;
    operations.applied(operation.field, isDone);
    if (own !== undefined) operations.answered(operation.field, proposedMs);
  }

  /** Takes note of how long a group of entries took. */
  groupApplied(first: Entry, last: Entry, startedMs: number, endedMs: number): void {
    const durationMs = endedMs - startedMs;
    const entryCount = last.index - first.index + 1;
    this.#counts.operations.groupApplied(entryCount, endedMs, durationMs);
    const { warningApplyDurationMs, logger } = this.#config;
    if (durationMs <= warningApplyDurationMs) return;
    this.#counts.slowApplies++;
    logger.warn("apply request took too long", {
      "took-ms": durationMs,
      "expected-duration-ms": warningApplyDurationMs,
      "first-index": first.index,
      "last-index": last.index,
    });
  }
}
