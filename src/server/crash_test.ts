import assert from "node:assert/strict";
import { Prng } from "../base/prng.ts";
import { MemoryFileSystem } from "../disk/memory_file_system.ts";
import type { EtcdServer } from "./etcd_server.ts";
import { get, put, startServer, testConfig } from "./server_fixtures.ts";

const SEEDS = 100;
const PLANTED_BUG_SEEDS = 20;
const ROUNDS = 3;

/** What clients know: the acknowledged puts, and those whose fate is open. */
class Ledger {
  readonly acknowledged = new Map<string, number>();
  readonly attempted = new Set<string>();
  highestRevision = 1;

  acknowledge(key: string, revision: number): void {
    assert.ok(!this.acknowledged.has(key), "a put is acknowledged once");
    this.acknowledged.set(key, revision);
    this.highestRevision = Math.max(this.highestRevision, revision);
  }

  /** Every key is put once, so a put that was applied twice would show in the revision. */
  check(server: EtcdServer): void {
    for (const [key, revision] of this.acknowledged) {
      assert.deepEqual(get(server, key), { value: key, revision }, `acknowledged put of ${key}`);
    }
    let present = 0;
    for (const key of this.attempted) {
      if (get(server, key) !== undefined) present++;
    }
    assert.equal(server.store.currentRevision, present + 1, "every revision is one put");
    assert.ok(server.store.currentRevision >= this.highestRevision, "revisions never go back");
  }
}

/** Puts from a few clients at once until the machine loses its power. */
async function writeUntilCrash(
  server: EtcdServer,
  ledger: Ledger,
  prefix: string,
  clients: number,
): Promise<void> {
  const client = async (name: string) => {
    for (let i = 0; i < 200; i++) {
      const key = `${name}/${i}`;
      ledger.attempted.add(key);
      try {
        ledger.acknowledge(key, await put(server, key, key));
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => client(`${prefix}/${i}`)));
  await server.stop();
}

/** Several rounds of writing, a crash and a restart on what the disk still holds. */
async function simulate(seed: number, unsafeNoFsync: boolean): Promise<void> {
  const prng = new Prng(seed);
  const ledger = new Ledger();
  let disk = new MemoryFileSystem();
  const start = () => {
    const config = testConfig(disk, { prng: new Prng(seed) });
    return startServer({ ...config, disk: config.disk && { ...config.disk, unsafeNoFsync } });
  };
  for (let round = 0; round < ROUNDS; round++) {
    const server = await start();
    try {
      ledger.check(server);
      const { hardware } = disk;
      hardware.crashAtOperation(hardware.operationCount + prng.between(1, 120));
      await writeUntilCrash(server, ledger, `${seed}/${round}`, prng.between(1, 8));
    } finally {
      await server.stop();
    }
    disk = disk.afterCrash(prng, prng.pick(["lost", "kept", "torn"]));
  }
  const server = await start();
  try {
    ledger.check(server);
  } finally {
    await server.stop();
  }
}

Deno.test(`EtcdServer keeps every acknowledged put over crashes (${SEEDS} seeds)`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await simulate(seed, false);
    } catch (cause) {
      throw new Error(`crash simulation failed with seed ${seed}`, { cause });
    }
  }
});

Deno.test("the crash simulation finds a server that acknowledges before the sync", async () => {
  for (let seed = 1; seed <= PLANTED_BUG_SEEDS; seed++) {
    try {
      await simulate(seed, true);
    } catch {
      return;
    }
  }
  assert.fail(`a server without syncs passed ${PLANTED_BUG_SEEDS} seeds`);
});
