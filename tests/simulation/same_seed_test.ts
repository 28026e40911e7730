import assert from "node:assert/strict";
import { ProcessDisk } from "./process_disk.ts";
import { runRandomly } from "./random_run.ts";

const SEEDS = 10;

/** All that members do with their disk in the run of a seed. */
async function diskOperations(seed: number): Promise<string[]> {
  const operations: string[] = [];
  await runRandomly(seed, {
    wrapDisk: (disk) =>
      new ProcessDisk(disk, (operation, path) => operations.push(`${operation} ${path}`)),
  });
  return operations;
}

Deno.test("a seed of the simulation gives the same run each time", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const first = await diskOperations(seed);
    assert.ok(first.length > 0);
    assert.deepEqual(await diskOperations(seed), first, `seed ${seed}`);
  }
});
