import assert from "node:assert/strict";
import type { CrashMode } from "../../src/disk/memory_file_content.ts";
import { live } from "./fixed_scenario.ts";
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
