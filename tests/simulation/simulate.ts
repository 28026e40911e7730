// The nightly run: many seeds of the simulation, one after the other.

import { parseArgs } from "node:util";
import { runRandomly } from "./random_run.ts";

const PROGRESS_EVERY = 500;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "5000" },
    from: { type: "string", default: "1" },
  },
});
const first = Number(values.from);
const end = first + Number(values.seeds);

let failures = 0;
for (let seed = first; seed < end; seed++) {
  try {
    await runRandomly(seed);
  } catch (error) {
    failures++;
    console.error(`seed ${seed} (run it again with SIMULATION_SEEDS=${seed}):`, error);
  }
  const done = seed - first + 1;
  if (done % PROGRESS_EVERY === 0) console.log(`${done} seeds, ${failures} of them failed`);
}
console.log(`seeds ${first} to ${end - 1}: ${failures} failed`);
if (failures > 0) Deno.exit(1);
