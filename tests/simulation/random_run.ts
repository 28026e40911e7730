import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { Prng } from "../../src/base/prng.ts";
import { CompatVersion } from "../../src/core/members/compat_version.ts";
import { BTreeFile } from "../../src/disk/btree/btree_file.ts";
import type { CrashMode } from "../../src/disk/memory_file_content.ts";
import type { RequestWorld } from "../mvcc/random_requests.ts";
import { KEYS, randomAction } from "./actions.ts";
import { History } from "./history.ts";
import { checkFile, checkMemory } from "./member_check.ts";
import { type MemberSettings, SimulatedMember } from "./simulated_member.ts";
import { World } from "./world.ts";

/** The scenario's random numbers must not be those of the machine, nor of another seed's machine. */
const PRNG_DISTANCE = 0x4000_0000;

/** How often a member is started and used before it has to show what it still has. */
const ROUNDS = 5;

/** A crash comes during the start, soon after it, or late in what a round does. */
const CRASH_POINTS: readonly number[] = [25, 80, 300];

/** What happens more seldom than log and B-tree file are written. */
const RARE_OPERATIONS: readonly RegExp[] = [
  /^rename /,
  /^remove .*(wal|snap)$/,
  /db\.tmp/,
  /^(write|truncate|sync) .*\.snap$/,
  /^sync .*\/(snap|wal)$/,
  /^\w+ .*\.wal\.tmp$/,
  /^\w+ .*\/\d\.tmp$/,
  /^\w+ .*\/db$/,
];

const CRASH_MODES: readonly CrashMode[] = ["lost", "kept", "torn", "torn"];

/** Defects that are planted, to see that they are found. */
export type PlantedDefects = Partial<Pick<MemberSettings, "wrapDisk">> & MemberSettings["forTests"];

/**
 * A member that is used by some clients until the machine loses its power, and started again, some
 * times. Throws if it ever has anything else than it must have.
 */
export async function runRandomly(seed: number, defects: PlantedDefects = {}): Promise<void> {
  const run = new RandomRun(seed, defects);
  await run.prepare();
  for (let round = 0; round < ROUNDS; round++) await run.round();
  await run.finish();
}

class RandomRun {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #history = new History();
  readonly #defects: PlantedDefects;
  readonly #settings: Omit<MemberSettings, "compatVersion" | "wrapDisk">;
  readonly #hasSmallPages: boolean;
  #compatVersion: CompatVersion;

  constructor(seed: number, defects: PlantedDefects) {
    this.#world = new World(seed);
    this.#prng = new Prng(seed + PRNG_DISTANCE);
    this.#defects = defects;
    this.#hasSmallPages = this.#prng.chance(0.5);
    this.#compatVersion = randomCompatVersion(this.#prng);
    this.#settings = randomSettings(this.#prng, defects);
  }

  /** Small pages make deep trees of few pairs, but only an existing file has them. */
  async prepare(): Promise<void> {
    if (!this.#hasSmallPages) return;
    const { disk, clock } = this.#world;
    let parent = "/";
    for (const path of ["/data", "/data/member", "/data/member/snap"]) {
      disk.makeDirectory(path);
      disk.syncDirectoryNow(parent);
      parent = path;
    }
    const options = { clock, yieldTurn: setImmediate, pageBytes: 1024 };
    await (await BTreeFile.open(disk, "/data/member/snap/db", options)).close();
  }

  /** Starts the member, uses it and stops it, on a machine that loses its power meanwhile. */
  async round(): Promise<void> {
    const world = this.#world;
    this.#planEnd();
    const member = await this.#start();
    if (member !== undefined) {
      await this.#unlessPowerIsLost(() => this.#use(member));
      await member.stop();
      if (member.failures.length > 0) throw member.failures[0];
    }
    // Without a loss of power the next process finds what this one wrote, synced or not.
    const losesPower = !world.hasPower || this.#prng.chance(0.6);
    if (losesPower) world.losePower(this.#prng.pick(CRASH_MODES));
    if (this.#prng.chance(0.1)) this.#compatVersion = randomCompatVersion(this.#prng);
  }

  /** Starts the member on a machine that is all right, twice: the second time nothing changes. */
  async finish(): Promise<void> {
    this.#world.losePower("kept");
    for (let start = 0; start < 2; start++) {
      const member = await SimulatedMember.start(this.#world, this.#history, this.#nextSettings());
      this.#history.settle(member.server);
      checkMemory(member.server, this.#history.model, this.#prng);
      await this.#removalsDone(member);
      await checkFile(member.server, this.#history.model);
      checkMemory(member.server, this.#history.model, this.#prng);
      await member.stop();
      if (member.failures.length > 0) throw member.failures[0];
      this.#world.losePower("lost");
    }
  }

  /** Somewhere in the round, the power goes or the process is killed; or neither, if it is late. */
  #planEnd(): void {
    const prng = this.#prng;
    if (prng.chance(0.6)) {
      this.#world.crashAfter(prng.between(1, prng.pick(CRASH_POINTS)));
    } else {
      const how = prng.pick(["power", "kill"] as const);
      this.#world.endAt(how, prng.pick(RARE_OPERATIONS), prng.between(1, prng.pick([1, 4, 20])));
    }
  }

  #nextSettings(): MemberSettings {
    const compatVersion = this.#compatVersion;
    const wrapDisk = this.#defects.wrapDisk ?? ((disk) => disk);
    return { ...this.#settings, compatVersion, wrapDisk };
  }

  /** Undefined if the power is lost before the member serves. */
  async #start(): Promise<SimulatedMember | undefined> {
    try {
      const member = await SimulatedMember.start(this.#world, this.#history, this.#nextSettings());
      this.#history.settle(member.server);
      return member;
    } catch (error) {
      if (this.#world.isAlive || error instanceof assert.AssertionError) throw error;
      return undefined;
    }
  }

  async #unlessPowerIsLost(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#world.isAlive) throw error;
    }
  }

  async #use(member: SimulatedMember): Promise<void> {
    const prng = this.#prng;
    const { model } = this.#history;
    if (prng.chance(0.5)) checkMemory(member.server, model, prng);
    const clients = prng.between(1, 6);
    for (let left = prng.between(3, 60); left > 0 && member.isRunning; left--) {
      const choice = prng.fraction();
      if (choice < 0.05) member.inBackground(member.server.backend.checkpoint());
      else if (choice < 0.08) member.inBackground(member.server.backend.defragment());
      else if (member.unanswered < clients) member.propose(randomAction(prng, this.#requestWorld));
      for (let turns = prng.between(0, 3); turns > 0; turns--) await this.#world.turn();
    }
    await member.settled();
    if (!member.isRunning || member.failures.length > 0) return;
    checkMemory(member.server, model, prng);
    if (prng.chance(0.3)) await checkFile(member.server, model);
  }

  /** Compactions that the power interrupted go on by themselves. */
  async #removalsDone({ server }: SimulatedMember): Promise<void> {
    const { compacted } = this.#history.model.store;
    const isDone = () => server.store.finishedCompactRevision === compacted;
    await this.#world.untilTrue("removing", () => isDone() || server.failure !== undefined);
  }

  get #requestWorld(): RequestWorld {
    const { store, leaseTtls } = this.#history.model;
    return {
      keys: KEYS,
      leases: [...leaseTtls.keys()],
      oldestRevision: Math.max(store.compacted, 1),
      currentRevision: store.current,
      maxValueBytes: 300,
    };
  }
}

function randomCompatVersion(prng: Prng): CompatVersion {
  return CompatVersion.of(prng.pick(CompatVersion.lines())) ?? CompatVersion.newest;
}

function randomSettings(
  prng: Prng,
  defects: PlantedDefects,
): Omit<MemberSettings, "compatVersion" | "wrapDisk"> {
  return {
    backend: {
      valueCacheBytes: prng.pick([1, 2000, 20_000, Infinity]),
      batchIntervalMs: prng.pick([1, 100, 1000]),
      batchLimit: prng.pick([3, 30, 10_000]),
      snapshotCount: prng.pick([1, 5, 30]),
      snapshotCatchUpEntries: prng.pick([1, 10, 5000]),
      maxWals: prng.between(1, 3),
      maxSnapshots: prng.between(1, 3),
      bootstrapDefragThresholdBytes: prng.pick([0, 0, 0, 1]),
    },
    compaction: { batchLimit: prng.pick([1, 3, 1000]), sleepIntervalMs: 10 },
    checksFileAtStart: prng.chance(0.3),
    comparesFile: prng.chance(0.3),
    forTests: { walSegmentSizeBytes: prng.pick([2048, 8192, 65_536]), ...defects },
  };
}
