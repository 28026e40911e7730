import type { Lessor } from "../../core/lease/lessor.ts";
import type { RaftNode } from "../../core/raft/raft_node.ts";
import type { ServerCounts } from "../counts/server_counts.ts";
import type { ServerConfig } from "../server_config.ts";
import type { CommitLoop } from "./commit_loop.ts";

/** What a leader-to-be needs from the server around it. */
interface LeadershipParts {
  readonly config: ServerConfig;
  readonly raft: RaftNode;
  readonly loop: CommitLoop;
  readonly lessor: Lessor;
  readonly counts: ServerCounts;
  /** This member leads, and knows all that was committed before. Called once. */
  began(): void;
}

/** How a member comes to lead. */
export class Leadership {
  readonly #parts: LeadershipParts;
  #hasBegun = false;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
  }

  /** Goes the next step, if there is one; to be called whenever something was applied. */
  advance(): void {
    this.#campaignWhenReplayed();
    this.#begin();
  }

  /**
   * A sole voter need not wait for an election timeout: once the committed part of the log is
   * applied, it knows that it is alone and stands at once.
   */
  #campaignWhenReplayed(): void {
    const { config, raft, loop } = this.#parts;
    // Who does not want that waits for the timeout, as an etcd does then.
    if (!config.initialElectionTickAdvance) return;
    if (raft.leads || raft.appliedIndex < raft.committedIndex) return;
    raft.campaign();
    if (raft.leads) loop.wake();
  }

  #begin(): void {
    const { config: { clock, electionTicks, tickMs }, raft, lessor, counts } = this.#parts;
    if (this.#hasBegun || !raft.readableNow) return;
    this.#hasBegun = true;
    counts.leaderChanges++;
    lessor.promote(clock.monotonicMs(), electionTicks * tickMs);
    this.#parts.began();
  }
}
