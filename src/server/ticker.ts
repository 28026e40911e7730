import type { Timer } from "../base/clock.ts";
import type { WatchHub } from "../core/mvcc/watch_hub.ts";
import type { RaftNode } from "../core/raft/raft_node.ts";
import type { ServerCounts } from "./counts/server_counts.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Proposer } from "./proposals/proposer.ts";
import type { LinearizableReads } from "./reads/linearizable_reads.ts";
import { requestTimeoutMs, type ServerConfig } from "./server_config.ts";
import type { CommitLoop } from "./raft/commit_loop.ts";
import { LateTicks } from "./raft/late_ticks.ts";

/** All that goes by ticks. */
interface TickerParts {
  readonly config: ServerConfig;
  readonly lifecycle: Lifecycle;
  readonly raft: RaftNode;
  readonly loop: CommitLoop;
  readonly proposer: Proposer;
  readonly reads: LinearizableReads;
  readonly hub: WatchHub;
  readonly counts: ServerCounts;
}

/** Lets time pass for Raft, for those who wait, and for watchers who want to know how far it is. */
export class Ticker {
  readonly #parts: TickerParts;
  readonly #lateTicks: LateTicks;
  #timer: Timer | undefined;

  constructor(parts: TickerParts) {
    this.#parts = parts;
    this.#lateTicks = new LateTicks(parts.config.tickMs, parts.config.logger);
  }

  start(): void {
    const { config: { clock, tickMs }, lifecycle } = this.#parts;
    this.#timer = clock.setTimer(tickMs, () => {
      this.#tick();
      if (lifecycle.isRunning) this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tick(): void {
    const { config, raft, loop, proposer, reads } = this.#parts;
    raft.tick();
    const nowMs = config.clock.monotonicMs();
    this.#lateTicks.ticked(nowMs, raft.leads);
    reads.warnOfLate(nowMs);
    const expiredBeforeMs = nowMs - requestTimeoutMs(config);
    proposer.expire(expiredBeforeMs, nowMs);
    reads.expire(expiredBeforeMs);
    this.#tickWatches(nowMs);
    if (raft.hasReady()) loop.wake();
  }

  #tickWatches(nowMs: number): void {
    const { config: { clock }, hub, counts } = this.#parts;
    if (!hub.tick(nowMs)) return;
    counts.watches.notifications.add((clock.monotonicMs() - nowMs) / 1000);
  }
}
