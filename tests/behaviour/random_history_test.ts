import assert from "node:assert/strict";
import { outcome, revisionOfOutcome, type Side, testSeeds, withoutIds } from "./history_side.ts";
import { OperationMaker } from "./random_operations.ts";

const OPERATIONS_PER_SEED = 400;
/** The environment variable HISTORY_SEEDS takes others, such as those of a failed run. */
const SEEDS: readonly number[] = (Deno.env.get("HISTORY_SEEDS") ?? "1,2,3,4,5,6").split(",")
  .map(Number);

async function compareHistory(seed: number, sides: readonly Side[]): Promise<void> {
  const maker = new OperationMaker(seed);
  let revision = 1;
  for (let i = 0; i < OPERATIONS_PER_SEED; i++) {
    const operation = maker.next(revision);
    const [first, second] = await Promise.all(
      sides.map((side) => outcome(side.client, operation)),
    );
    const shown = Deno.inspect(operation, { depth: 10 });
    assert.deepEqual(second, first, `seed ${seed}, operation ${i}: ${shown}`);
    revision = Math.max(revision, revisionOfOutcome(first));
  }
  await compareWatches(seed, sides, revision);
}

/** Every event, with the pair before, up to the last revision. */
async function compareWatches(
  seed: number,
  sides: readonly Side[],
  revision: number,
): Promise<void> {
  const histories = await Promise.all(sides.map(async ({ watch }) => {
    const events: unknown[] = [];
    for (let last = 1; last < revision;) {
      const response = await watch.next();
      events.push(...response.events.map(withoutIds));
      last = response.events.at(-1)?.kv?.modRevision ?? last;
    }
    return events;
  }));
  assert.deepEqual(histories[1], histories[0], `seed ${seed}: watch events`);
  assert.ok(histories[0].length >= revision - 1);
}

testSeeds("random history", SEEDS, compareHistory);
