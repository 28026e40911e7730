import assert from "node:assert/strict";
import { EagerAllocator } from "../../src/disk/btree/testing/planted_defects.ts";
import { MetaFirstDisk } from "./planted_defects.ts";
import { type PlantedDefects, runRandomly } from "./random_run.ts";

const SEEDS = 200;

/** What a simulation says that has found the member's data gone or damaged. */
const FINDING =
  /after the restart|the revision behind|Cannot read the (B-tree file|log)|Cannot use .*db|HashKV|the pairs at/;

const DEFECTS: Readonly<Record<string, PlantedDefects>> = {
  "writes are acknowledged before they are synced": { walWithoutSync: true },
  "the meta page is written before the pages that it leads to": {
    wrapDisk: (disk) => new MetaFirstDisk(disk),
  },
  "free pages are used again too early": {
    newPageAllocator: (pageCount, free) => new EagerAllocator(pageCount, free),
  },
};

async function firstFinding(defects: PlantedDefects): Promise<string> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await runRandomly(seed, defects);
    } catch (error) {
      assert.ok(error instanceof Error);
      return error.message;
    }
  }
  return "nothing";
}

for (const [name, defects] of Object.entries(DEFECTS)) {
  Deno.test(`the simulation finds a planted defect: ${name}`, async () => {
    assert.match(await firstFinding(defects), FINDING);
  });
}
