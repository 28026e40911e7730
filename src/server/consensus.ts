import { assert } from "../base/assert.ts";
import { ETCD_ERRORS } from "../core/errors.ts";
import { RaftNode } from "../core/raft/raft_node.ts";
import type { RaftStart } from "../core/raft/ready.ts";
import { Applier } from "./applier.ts";
import type { AppliedState } from "./applied_state.ts";
import type { AppliedPosition } from "./backend/state_cuts.ts";
import type { ServerCounts } from "./counts/server_counts.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { Proposer } from "./proposals/proposer.ts";
import { LinearizableReads } from "./reads/linearizable_reads.ts";
import type { ServerConfig } from "./server_config.ts";
import { CommitLoop } from "./raft/commit_loop.ts";
import { Leadership } from "./raft/leadership.ts";
import { truncateLog } from "./raft/log_truncation.ts";
import type { LogStorage } from "./raft/log_storage.ts";
import { Ticker } from "./ticker.ts";

/** What consensus is found with, and for whom. */
interface ConsensusParts {
  readonly config: ServerConfig;
  readonly memberId: bigint;
  readonly raftStart: RaftStart;
  readonly storage: LogStorage;
  readonly state: AppliedState;
  readonly lifecycle: Lifecycle;
  readonly counts: ServerCounts;
  /** Called behind each slice of applied entries. */
  applied(): void;
  /** This member leads, and knows all that was committed before. Called once. */
  leadershipBegan(): void;
  /** The disk failed, or an invariant broke: the member must stop. */
  failed(error: unknown): void;
}

/** The way of requests into the log, through Raft and the disk, and into the state. */
export class Consensus {
  readonly raft: RaftNode;
  readonly proposer: Proposer;
  readonly reads: LinearizableReads;
  readonly #parts: ConsensusParts;
  readonly #loop: CommitLoop;
  readonly #applier: Applier;
  readonly #ticker: Ticker;
  readonly #leadership: Leadership;

  constructor(parts: ConsensusParts) {
    const { config, memberId, state, lifecycle, counts } = parts;
    const raft = new RaftNode({
      id: memberId,
      electionTicks: config.electionTicks,
      prng: config.prng,
      start: parts.raftStart,
    });
    const loop = this.#newLoop(raft, parts);
    const proposer = new Proposer({ config, memberId, lifecycle, raft, loop, counts });
    const reads = new LinearizableReads({ config, lifecycle, raft, loop });
    const { hub, lessor } = state;
    this.#parts = parts;
    this.raft = raft;
    this.#loop = loop;
    this.proposer = proposer;
    this.reads = reads;
    this.#applier = new Applier({ config, state, raft, proposer, counts });
    this.#ticker = new Ticker({ config, lifecycle, raft, loop, proposer, reads, hub, counts });
    const began = () => parts.leadershipBegan();
    this.#leadership = new Leadership({ config, raft, loop, lessor, counts, began });
  }

  #newLoop(raft: RaftNode, parts: ConsensusParts): CommitLoop {
    const { clock } = parts.config;
    return new CommitLoop(raft, parts.storage, {
      clock,
      applyEntry: (entry) => this.#applier.apply(entry),
      readConfirmed: (context, index) => this.reads.confirm(context, index),
      appliedGroup: (first, last, startedMs, endedMs) =>
        this.#applier.groupApplied(first, last, startedMs, endedMs),
      appliedSlice: () => this.#appliedSlice(),
      failed: (error) => parts.failed(error),
    });
  }

  /** How far the log is applied; asked between two entries only. */
  get appliedPosition(): AppliedPosition {
    assert(!this.#loop.isApplying, "the applied state is cut between two entries");
    const index = this.raft.appliedIndex;
    const term = this.raft.termOf(index);
    assert(term !== undefined, "the last applied entry is in memory, or the snapshot before it is");
    return { index, term, confState: this.raft.confState() };
  }

  start(): void {
    this.#ticker.start();
    this.#loop.wake();
    this.#leadership.advance();
  }

  /** Takes nothing more; when the sync that may be under way has ended, gives up on what waits. */
  async stop(): Promise<void> {
    this.#ticker.stop();
    await this.#loop.stop();
    this.proposer.failAll(ETCD_ERRORS.stopped);
    this.reads.failAll(ETCD_ERRORS.stopped);
  }

  #appliedSlice(): void {
    this.#parts.applied();
    this.reads.release();
    this.proposer.submitNextMemberChange();
    truncateLog(this.raft, this.#parts.state.membership, this.#parts.config);
    this.#leadership.advance();
  }
}
