import { runRandomly } from "./random_run.ts";
import { simulationSeeds } from "./seeds.ts";

const seeds = simulationSeeds("1-300");

Deno.test(`EtcdServer keeps every acknowledged write over crashes (${seeds.length} seeds)`, async () => {
  for (const seed of seeds) {
    try {
      await runRandomly(seed);
    } catch (cause) {
      throw new Error(`failed with SIMULATION_SEEDS=${seed}`, { cause });
    }
  }
});
