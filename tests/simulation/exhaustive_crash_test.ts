import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import type { CrashMode } from "../../src/disk/memory_file_content.ts";
import { live, liveOn } from "./fixed_scenario.ts";
import { History } from "./history.ts";
import { expectSurvival } from "./survival.ts";
import { World } from "./world.ts";

const SEED = 1;
const CRASH_MODES: readonly CrashMode[] = ["lost", "kept", "torn"];

/** How many operations the whole scenario makes of the disk. */
async function countOperations(): Promise<number> {
  const world = new World(SEED);
  assert.deepEqual(await live(world, new History()), []);
  return world.disk.hardware.operationCount;
}

async function liveUntilCrash(world: World, history: History, crashAt: number): Promise<void> {
  world.crashAfter(crashAt);
  try {
    assert.deepEqual(await live(world, history), []);
  } catch (error) {
    if (world.isAlive || error instanceof assert.AssertionError) throw error;
  }
}

Deno.test("EtcdServer keeps every acknowledged write when the power goes at any operation", async () => {
  const operationCount = await countOperations();
  for (let crashAt = 1; crashAt <= operationCount + 1; crashAt++) {
    const world = new World(SEED);
    const history = new History();
    await liveUntilCrash(world, history, crashAt);
    const crashed = world.disk;
    for (const mode of CRASH_MODES) {
      world.disk = crashed;
      world.losePower(mode);
      try {
        await expectSurvival(world, history.fork());
      } catch (cause) {
        throw new Error(`power lost in operation ${crashAt}, unsynced data ${mode}`, { cause });
      }
    }
  }
});

const SYNC = /^sync /;
/** How many operations of the next process are tried as the one in which the power goes. */
const CRASHES_PER_KILL = 3;
const LATEST_CRASH = 60;

/** Returns whether the scenario has so many syncs. */
async function liveUntilKilled(world: World, history: History, sync: number): Promise<boolean> {
  world.endAt("kill", SYNC, sync);
  try {
    await live(world, history);
    return false;
  } catch (error) {
    if (world.isAlive) throw error;
    return true;
  } finally {
    world.observe = () => {};
  }
}

async function liveOnUntilCrash(world: World, history: History, crashAt: number): Promise<void> {
  world.crashAfter(crashAt);
  try {
    await liveOn(world, history);
  } catch (error) {
    if (world.isAlive || error instanceof assert.AssertionError) throw error;
  }
}

// The second process reads what the first one wrote, synced or not, and builds on it.
Deno.test("EtcdServer keeps every acknowledged write when it is killed at any sync and the power goes later", async () => {
  const prng = new Prng(SEED);
  for (let sync = 1;; sync++) {
    for (let i = 0; i < CRASHES_PER_KILL; i++) {
      const world = new World(SEED);
      const history = new History();
      if (!await liveUntilKilled(world, history, sync)) return;
      const crashAt = prng.between(1, LATEST_CRASH);
      try {
        await liveOnUntilCrash(world, history, crashAt);
        world.losePower(prng.pick(["lost", "torn"]));
        await expectSurvival(world, history);
      } catch (cause) {
        throw new Error(`killed at sync ${sync}, power lost in operation ${crashAt}`, { cause });
      }
    }
  }
});
