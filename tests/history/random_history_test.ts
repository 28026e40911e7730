import assert from "node:assert/strict";
import { compareBackendFile } from "./backend_file.ts";
import { type HistoryProfile, HistoryRun, StoreHistory } from "./history_run.ts";
import { isInOddGroup, seedGroups } from "./seeds.ts";
import { testPair, withServerPair } from "./server_pair.ts";

/** Small bounds, so that what happens once in hours happens in every history. */
const LASTING_FLAGS: readonly string[] = [
  "--snapshot-count=20",
  "--backend-batch-interval=10ms",
  "--value-cache-bytes=1048576",
];

/** Memory alone is what answers. */
const IN_MEMORY: HistoryProfile = { restarts: false, largeValues: false };
/** What answers has been written, forgotten and read again. */
const LASTING: HistoryProfile = { restarts: true, largeValues: true };

/** One history behind the other on the same two servers. */
async function compareHistories(seeds: readonly number[], profile: HistoryProfile): Promise<void> {
  const flags = profile.restarts ? LASTING_FLAGS : [];
  await withServerPair(flags, async (pair) => {
    const store = new StoreHistory(pair, profile);
    await store.watched.open(1);
    for (const seed of seeds) {
      try {
        await new HistoryRun(seed, store).run();
      } catch (error) {
        // It may take the old versions of the histories before it to fail.
        console.error(
          `again: HISTORY_SEEDS=${seed}, or as here: HISTORY_SEEDS=${seeds[0]}-${seed}`,
        );
        throw error;
      }
    }
    await store.compareRetained(1, "all seeds");
    await store.compareHashes(1, "all seeds");

    if (profile.restarts) await compareBackendFile(pair, "all seeds");
    assertEnoughHappened(store, seeds.length);
  });
}

/** A run that hardly did anything would prove nothing. */
function assertEnoughHappened({ pair, profile, counts }: StoreHistory, seedCount: number): void {
  assert.ok(pair.revision > 25 * seedCount, `only ${pair.revision} revisions`);
  // A few seeds may well do without.
  if (seedCount < 10) return;
  assert.ok(counts.compactions > seedCount, `only ${counts.compactions} compactions`);
  assert.ok(!profile.restarts || counts.restarts > 0, "no restart");
}

for (const seeds of seedGroups("1-200")) {
  const isLasting = isInOddGroup(seeds[0]);
  const name = `random histories of seeds ${seeds[0]} to ${seeds.at(-1)}` +
    `${isLasting ? ", with restarts," : ""} go the same on etcd and detcd`;
  testPair(name, () => compareHistories(seeds, isLasting ? LASTING : IN_MEMORY));
}
