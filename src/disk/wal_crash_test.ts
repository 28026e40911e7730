import assert from "node:assert/strict";
import type { Prng } from "../base/prng.ts";
import { Snapshot } from "../pb/walpb.ts";
import type { CrashMode } from "./memory_file_content.ts";
import type { MemoryFileSystem } from "./memory_file_system.ts";
import { survive } from "./testing/crash.ts";
import {
  type Appended,
  METADATA,
  modelOf,
  newEntry,
  newMemoryDisk,
  newPrng,
  readWal,
  readWalSnapshots,
  reopenWal,
  sameBatch,
  sameEntries,
  walOptions,
} from "./testing/wal_fixtures.ts";
import type { Wal, WalOptions } from "./wal.ts";
import { createWal } from "./wal_opening.ts";
import type { WalContents } from "./wal_replay.ts";
import { haveWal } from "./wal_segment.ts";

const SEGMENT_BYTES = 6000;

function optionsOn(fileSystem: MemoryFileSystem): WalOptions {
  return walOptions(fileSystem, SEGMENT_BYTES);
}

/** A member's log in use: remembers what was appended and what was acknowledged. */
class Scenario {
  readonly #prng: Prng;
  readonly fileSystem: MemoryFileSystem;
  readonly records: Appended[] = [];
  created = false;
  syncedCount = 0;
  #wal: Wal | undefined;
  #term = 1;
  #commit = 0;
  #snapshotIndex = 0;

  constructor(prng: Prng, fileSystem: MemoryFileSystem) {
    this.#prng = prng;
    this.fileSystem = fileSystem;
  }

  async run(stepCount: number): Promise<void> {
    this.#wal = createWal(optionsOn(this.fileSystem), METADATA);
    this.created = true;
    for (let i = 0; i < stepCount; i++) await this.#step(this.#wal);
    await this.#wal.close();
  }

  async #step(wal: Wal): Promise<void> {
    const prng = this.#prng;
    this.#append(wal);
    if (prng.chance(0.4)) {
      // More is appended while the sync is under way.
      const syncing = this.#sync(wal);
      try {
        if (prng.chance(0.5)) this.#append(wal);
      } finally {
        await syncing;
      }
    } else if (prng.chance(0.3)) {
      wal.syncNow();
      this.syncedCount = this.records.length;
    }
    if (prng.chance(0.1)) await this.#snapshot(wal);
    if (prng.chance(0.1)) await this.#reopen(wal);
  }

  async #sync(wal: Wal): Promise<void> {
    const count = this.records.length;
    await wal.sync();
    this.syncedCount = Math.max(this.syncedCount, count);
  }

  #append(wal: Wal): void {
    const prng = this.#prng;
    if (prng.chance(0.1)) this.#term++;
    // What is not committed may be replaced.
    const first = prng.chance(0.1)
      ? prng.between(this.#commit + 1, wal.lastIndex + 1)
      : wal.lastIndex + 1;
    const entries = Array.from({ length: prng.between(0, 5) }, (_, i) => {
      return newEntry(first + i, this.#term, this.#data());
    });
    const lastIndex = entries.at(-1)?.index ?? wal.lastIndex;
    this.#commit = prng.between(this.#commit, lastIndex);
    const state = { term: this.#term, vote: 5n, commit: this.#commit };
    for (const entry of entries) this.records.push({ entry });
    this.records.push({ state });
    wal.append(state, entries);
  }

  /** Zeros, too: they look like sectors that were not written. */
  #data(): Uint8Array | undefined {
    const prng = this.#prng;
    if (prng.chance(0.1)) return undefined;
    const size = prng.chance(0.2) ? prng.between(1, 3000) : prng.between(1, 300);
    return prng.chance(0.3) ? new Uint8Array(size) : prng.bytes(size);
  }

  async #snapshot(wal: Wal): Promise<void> {
    // One of a committed entry, whose state is safe.
    await this.#sync(wal);
    if (this.#commit <= this.#snapshotIndex) return;
    this.#snapshotIndex = this.#commit;
    const { entries } = modelOf(this.records, Snapshot.create());
    const term = entries.find((entry) => entry.index === this.#commit)?.term;
    assert.ok(term !== undefined);
    const snapshot = { index: this.#commit, term, confState: undefined };
    this.records.push({ snapshot });
    const count = this.records.length;
    await wal.saveSnapshot(snapshot);
    this.syncedCount = Math.max(this.syncedCount, count);
    wal.releaseTo(snapshot.index);
    if (this.#prng.chance(0.5)) wal.purge(1);
  }

  async #reopen(wal: Wal): Promise<void> {
    const count = this.records.length;
    await wal.close();
    this.syncedCount = Math.max(this.syncedCount, count);
    const start = readWalSnapshots(this.fileSystem, "data/wal").at(-1);
    assert.ok(start !== undefined);
    this.#wal = reopenWal(optionsOn(this.fileSystem), start);
  }
}

function describe(contents: WalContents): string {
  const last = contents.entries.at(-1);
  return `${contents.entries.length} entries up to ${last?.index} of term ${last?.term}, ` +
    `commit ${contents.hardState.commit}`;
}

/** Checks that the disk holds some prefix of the records with all that were synced. */
function checkRecovered(scenario: Scenario, disk: MemoryFileSystem): Snapshot | undefined {
  if (!haveWal(disk, "data/wal")) {
    assert.ok(!scenario.created, "a log that was made is there");
    return undefined;
  }
  const start = readWalSnapshots(disk, "data/wal").at(-1);
  assert.ok(start !== undefined);
  const contents = readWal(disk, "data/wal", start);
  for (let count = scenario.syncedCount; count <= scenario.records.length; count++) {
    if (sameBatch(modelOf(scenario.records.slice(0, count), start), contents)) return start;
  }
  assert.fail(
    `the log is no state between the sync and the crash: ${describe(contents)}; synced ` +
      `${scenario.syncedCount} of ${scenario.records.length} records`,
  );
}

/** Opens the log of a crashed disk, which may crash again meanwhile, and goes on with it. */
async function goOn(prng: Prng, scenario: Scenario, crashed: MemoryFileSystem): Promise<void> {
  let disk = crashed;
  if (prng.chance(0.4)) {
    disk.hardware.crashAtOperation(prng.between(1, 12));
    const start = await survive(() => checkRecovered(scenario, disk));
    if (start !== undefined) await survive(() => reopenWal(optionsOn(disk), start).close());
    disk = disk.afterCrash(prng, "torn");
  }
  const start = checkRecovered(scenario, disk);
  if (start === undefined) return;
  const before = readWal(disk, "data/wal", start);
  const wal = reopenWal(optionsOn(disk), start);
  const term = before.hardState.term + 1;
  const added = [newEntry(wal.lastIndex + 1, term, prng.bytes(700))];
  const hardState = { term, vote: 1n, commit: before.hardState.commit };
  wal.append(hardState, added);
  // Nothing of what the crash left behind may come back behind what is new.
  const torn = readWal(disk.afterCrash(prng, "torn"), "data/wal", start);
  assert.ok(sameEntries(torn.entries.slice(0, before.entries.length), before.entries));
  await wal.sync();
  const lost = disk.afterCrash(prng, "lost");
  const after = readWal(lost, "data/wal", start);
  assert.ok(sameBatch(after, { hardState, entries: [...before.entries, ...added] }));
  await wal.close();
}

const STEPS = 25;

async function operationsOf(seed: number): Promise<number> {
  const scenario = new Scenario(newPrng(seed), newMemoryDisk());
  await scenario.run(STEPS);
  return scenario.fileSystem.hardware.operationCount;
}

async function crashOnce(seed: number, crashAt: number, mode: CrashMode): Promise<void> {
  const scenario = new Scenario(newPrng(seed), newMemoryDisk());
  scenario.fileSystem.hardware.crashAtOperation(crashAt);
  await survive(() => scenario.run(STEPS));
  const prng = newPrng(seed * 1000 + crashAt);
  try {
    await goOn(prng, scenario, scenario.fileSystem.afterCrash(prng, mode));
  } catch (error) {
    throw new Error(`seed ${seed}, crash at operation ${crashAt}, ${mode}`, { cause: error });
  }
}

Deno.test("Wal loses nothing that was synced when the power goes at any operation", async () => {
  const seed = 11;
  const operationCount = await operationsOf(seed);
  for (let crashAt = 3; crashAt <= operationCount + 1; crashAt++) {
    for (const mode of ["lost", "kept", "torn", "torn"] as const) {
      await crashOnce(seed, crashAt, mode);
    }
  }
});

Deno.test("Wal loses nothing that was synced in 300 random histories with crashes", async () => {
  for (let seed = 1000; seed < 1300; seed++) {
    const prng = newPrng(seed);
    const operationCount = await operationsOf(seed);
    for (let i = 0; i < 4; i++) {
      await crashOnce(seed, prng.between(3, operationCount + 1), "torn");
    }
  }
});
