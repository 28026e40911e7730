import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { RAFT_LIMITS } from "../../core/raft/limits.ts";
import { RaftNode } from "../../core/raft/raft_node.ts";
import { ConfState, type Entry, HardState } from "../../pb/raftpb.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { CommitLoop } from "./commit_loop.ts";
import { type LogStorage, memoryLogStorage } from "./log_storage.ts";

const ID = 7n;

/** A member that leads, whose disk is as slow and whose entries take as long as the test says. */
class World {
  /** What waits for the next turn of the event loop. */
  readonly nextTurn = new Set<() => void>();
  readonly raft = new RaftNode({
    id: ID,
    electionTicks: 10,
    prng: new Prng(1),
    start: {
      hardState: HardState.create({ term: 1, commit: 1 }),
      snapshotIndex: 1,
      snapshotTerm: 1,
      appliedIndex: 1,
      confState: ConfState.create({ voters: [ID] }),
      entries: [],
    },
  });
  readonly batches: number[] = [];
  applied = 0;
  entryMs = 0;
  failure: unknown;
  readonly loop: CommitLoop;
  #workedMs = 0;
  #sync = Promise.withResolvers<void>();

  constructor() {
    const storage: LogStorage = {
      ...memoryLogStorage,
      append: (_hardState, entries) => this.#append(entries),
      sync: () => this.#sync.promise,
    };
    this.loop = new CommitLoop(this.raft, storage, {
      clock: this.#newClock(),
      applyEntry: () => {
        this.applied++;
        this.#workedMs += this.entryMs;
      },
      readConfirmed: () => {},
      appliedGroup: () => {},
      appliedSlice: () => {},
      failed: (error) => this.failure = error,
    });
  }

  /** Time passes by work only. */
  #newClock(): Clock {
    return {
      monotonicMs: () => this.#workedMs,
      wallMs: () => this.#workedMs,
      setTimer: (_delayMs, fire) => {
        this.nextTurn.add(fire);
        return { cancel: () => this.nextTurn.delete(fire) };
      },
    };
  }

  turn(): void {
    const due = [...this.nextTurn];
    this.nextTurn.clear();
    for (const fire of due) fire();
  }

  #append(entries: readonly Entry[]): boolean {
    if (entries.length > 0) this.batches.push(entries.length);
    return entries.length > 0;
  }

  /** Begins the term, whose first entry is applied. */
  async lead(): Promise<void> {
    this.raft.campaign();
    await this.proposeAndSync(0, 0);
    this.applied = 0;
    this.batches.length = 0;
  }

  /** Proposes so many entries, which are durable when it resolves, and perhaps applied in part. */
  async proposeAndSync(count: number, sizeBytes: number): Promise<void> {
    for (let i = 0; i < count; i++) this.raft.propose(new Uint8Array(sizeBytes));
    this.loop.wake();
    await setImmediate();
    await this.syncEnds();
  }

  async syncEnds(): Promise<void> {
    this.#sync.resolve();
    this.#sync = Promise.withResolvers();
    await setImmediate();
  }
}

Deno.test("CommitLoop leaves others a turn between slices of applying", async () => {
  const world = new World();
  await world.lead();
  world.entryMs = 1;
  const { applyEntriesPerClockCheck: perCheck } = SERVER_LIMITS;
  await world.proposeAndSync(3 * perCheck, 10);
  for (let slice = 1; slice <= 3; slice++) {
    assert.equal(world.applied, slice * perCheck);
    // A timer and nothing else goes on, since only timers make the event loop look at sockets.
    for (let i = 0; i < 3; i++) await setImmediate();
    assert.equal(world.applied, slice * perCheck);
    assert.equal(world.nextTurn.size, slice < 3 ? 1 : 0);
    world.turn();
  }
  assert.equal(world.failure, undefined);
  await world.loop.stop();
});

Deno.test("CommitLoop looks at the clock sooner when entries are large", async () => {
  const world = new World();
  await world.lead();
  world.entryMs = SERVER_LIMITS.applySliceMs;
  await world.proposeAndSync(2, SERVER_LIMITS.applyBytesPerClockCheck);
  assert.equal(world.applied, 1);
  await world.loop.stop();
  assert.equal(world.nextTurn.size, 0, "a loop that stops leaves no timer");
});

Deno.test("CommitLoop writes and syncs bounded batches, in order", async () => {
  const world = new World();
  await world.lead();
  await world.proposeAndSync(5, RAFT_LIMITS.readyBytes / 2);
  assert.deepEqual(world.batches, [2, 2]);
  assert.equal(world.applied, 2);
  await world.syncEnds();
  assert.deepEqual(world.batches, [2, 2, 1]);
  assert.equal(world.applied, 4);
  await world.syncEnds();
  assert.equal(world.applied, 5);
  await world.loop.stop();
});
