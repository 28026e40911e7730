import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import type { FileSystem } from "../file_system.ts";
import type { CrashMode } from "../memory_file_content.ts";
import type { MemoryFileSystem } from "../memory_file_system.ts";
import { survive } from "../testing/crash.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import type { BTreeFile, BTreeOptions } from "./btree_file.ts";
import {
  applyToModel,
  checkFile,
  commit,
  contentsOf,
  type Model,
  openSmall,
  RandomWorkload,
  sameContents,
} from "./testing/btree_fixtures.ts";
import {
  DefectiveFileSystem,
  EagerAllocator,
  type WriteDefect,
} from "./testing/planted_defects.ts";
import type { ReadTransaction } from "./read_transaction.ts";

const COMMITS = 7;

/** A defect that is planted, if any. */
interface Setting {
  readonly writeDefect?: WriteDefect;
  readonly options?: Partial<BTreeOptions>;
}

/** A file in use, which remembers what must be there after a loss of power. */
class Scenario {
  readonly disk = newMemoryDisk();
  /** What the last commit left that was done. */
  committed: Model = new Map();
  /** What the commit under way would leave. */
  inFlight: Model = new Map();
  readonly #prng: Prng;
  readonly #setting: Setting;
  readonly #workload: RandomWorkload;
  readonly #readers: ReadTransaction[] = [];

  constructor(seed: number, setting: Setting) {
    this.#prng = new Prng(seed);
    this.#setting = setting;
    this.#workload = new RandomWorkload(this.#prng, 4000);
  }

  async run(): Promise<void> {
    let file = await this.#open();
    for (let i = 0; i < COMMITS; i++) {
      if (this.#prng.chance(0.2)) this.#readers.push(file.beginRead());
      if (this.#prng.chance(0.2)) this.#readers.pop()?.close();
      await this.#transaction(file);
      if (this.#prng.chance(0.15)) {
        await this.#close(file);
        file = await this.#open();
      }
    }
    await this.#close(file);
  }

  #open(): Promise<BTreeFile> {
    const { writeDefect, options } = this.#setting;
    const disk: FileSystem = writeDefect === undefined
      ? this.disk
      : new DefectiveFileSystem(this.disk, writeDefect, 1024);
    return openSmall(disk, options);
  }

  async #transaction(file: BTreeFile): Promise<void> {
    const operations = this.#workload.transaction(this.committed, this.#prng.pick([5, 60]));
    this.inFlight = applyToModel(this.committed, operations);
    await commit(file, operations);
    this.committed = this.inFlight;
  }

  async #close(file: BTreeFile): Promise<void> {
    for (const read of this.#readers.splice(0)) read.close();
    await file.close();
  }
}

/** Opens what the crash left, checks it, and goes on with it; the power may go while it is opened. */
async function goOn(prng: Prng, scenario: Scenario, crashed: MemoryFileSystem): Promise<void> {
  let disk = crashed;
  if (prng.chance(0.3)) {
    disk.hardware.crashAtOperation(prng.between(1, 5));
    await survive(async () => (await openSmall(disk)).close());
    disk = disk.afterCrash(prng, "torn");
  }
  const file = await openSmall(disk);
  const found = contentsOf(file);
  const isCommitted = sameContents(found, scenario.committed);
  assert.ok(isCommitted || sameContents(found, scenario.inFlight), "it is neither state");
  let model = isCommitted ? scenario.committed : scenario.inFlight;
  await checkFile(file, model, "after the crash");

  const workload = new RandomWorkload(prng, 2000);
  for (let i = 0; i < 2; i++) {
    const operations = workload.transaction(model, 40);
    model = applyToModel(model, operations);
    await commit(file, operations);
    await checkFile(file, model, "after going on");
  }
  await file.close();
  const lost = await openSmall(disk.afterCrash(prng, "lost"));
  await checkFile(lost, model, "what was committed is on the disk");
  await lost.close();
}

/** How many operations a scenario makes of which each can be the one at which the power goes. */
async function operationsOf(seed: number, setting: Setting = {}): Promise<number> {
  const scenario = new Scenario(seed, setting);
  await scenario.run();
  return scenario.disk.hardware.operationCount;
}

async function crashOnce(
  seed: number,
  crashAt: number,
  mode: CrashMode,
  setting: Setting = {},
): Promise<void> {
  const scenario = new Scenario(seed, setting);
  scenario.disk.hardware.crashAtOperation(crashAt);
  await survive(() => scenario.run());
  const prng = new Prng(seed * 1000 + crashAt);
  try {
    await goOn(prng, scenario, scenario.disk.afterCrash(prng, mode));
  } catch (error) {
    throw new Error(`seed ${seed}, crash at operation ${crashAt}, ${mode}`, { cause: error });
  }
}

/** The directory `data` is made first, and its sync is the second operation. */
const FIRST_CRASH = 3;

Deno.test("BTreeFile is its last or next state when the power goes at any operation", async () => {
  for (const seed of [1, 2, 3]) {
    const operationCount = await operationsOf(seed);
    for (let crashAt = FIRST_CRASH; crashAt <= operationCount + 1; crashAt++) {
      for (const mode of ["lost", "kept", "torn", "torn"] as const) {
        await crashOnce(seed, crashAt, mode);
      }
    }
  }
});

Deno.test("BTreeFile is its last or next state in 600 random histories with crashes", async () => {
  for (let seed = 1000; seed < 1600; seed++) {
    const operationCount = await operationsOf(seed);
    const prng = new Prng(seed);
    for (const mode of ["torn", "torn", prng.pick(["lost", "kept"] as const)] as const) {
      await crashOnce(seed, prng.between(FIRST_CRASH, operationCount + 1), mode);
    }
  }
});

/** What the first of 200 histories that shows a planted defect says. */
async function firstFinding(setting: Setting): Promise<string> {
  for (let seed = 2000; seed < 2200; seed++) {
    const prng = new Prng(seed);
    // Without a crash nobody sees the defect.
    const operationCount = await operationsOf(seed, setting);
    try {
      await crashOnce(seed, prng.between(FIRST_CRASH, operationCount + 1), "torn", setting);
    } catch (error) {
      assert.ok(error instanceof Error && error.cause instanceof Error);
      return error.cause.message;
    }
  }
  return "nothing";
}

const DAMAGE = /it is neither state|after the crash|Cannot read the B-tree file/;

for (const defect of ["missing data sync", "missing meta sync", "meta before data"] as const) {
  Deno.test(`The crash test finds a planted defect: ${defect}`, async () => {
    assert.match(await firstFinding({ writeDefect: defect }), DAMAGE);
  });
}

Deno.test("The crash test finds a planted defect: pages written again too early", async () => {
  const newAllocator: BTreeOptions["newAllocator"] = (count, free) =>
    new EagerAllocator(count, free);
  assert.match(await firstFinding({ options: { newAllocator } }), DAMAGE);
});
