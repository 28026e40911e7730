import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { Prng } from "../../src/base/prng.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { putOp, range, rangePrefix, revisionOf, txn } from "../harness/kv_calls.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";
import { type Observation, WriteHistory } from "./write_history.ts";

/** etcd proves the checker, detcd is what is checked. */
const ROUNDS: Readonly<Record<TargetName, number>> = {
  etcd: Number(Deno.env.get("CRASH_ROUNDS") ?? 8),
  detcd: Number(Deno.env.get("CRASH_ROUNDS") ?? 50),
};
const WRITERS = 16;
const MIN_LIFE_MS = 20;
const MAX_LIFE_MS = 150;
const SHARED_KEY = "shared";
const WRITE_PREFIX = "write/";
/** So far behind the newest revision that the checker's reads do not notice. */
const COMPACTION_DISTANCE = 50;
/** Short elections make short rounds. */
const COMMON_FLAGS: readonly string[] = ["--heartbeat-interval=20", "--election-timeout=200"];
const FLAGS: Readonly<Record<TargetName, readonly string[]>> = {
  // Frequent snapshots: more happens in a round.
  etcd: [...COMMON_FLAGS, "--snapshot-count=300"],
  // The flag is refused until detcd has snapshots.
  detcd: COMMON_FLAGS,
};

function newClient(server: ServerProcess): GrpcClient {
  // A retry inside the client would make one write of the test two writes of the server.
  return new GrpcClient(server.endpoint, { "grpc.enable_retries": 0 });
}

async function observe(server: ServerProcess): Promise<Observation> {
  const client = newClient(server);
  try {
    const pairs = await rangePrefix(client, WRITE_PREFIX);
    const shared = await range(client, SHARED_KEY);
    return {
      revision: revisionOf(pairs),
      pairs: pairs.kvs,
      sharedVersion: shared.kvs[0]?.version ?? 0,
    };
  } finally {
    await client.close();
  }
}

/** Writes one transaction behind the other until the server is gone. */
async function writeUntilKilled(
  client: GrpcClient,
  writerName: string,
  history: WriteHistory,
): Promise<void> {
  for (let i = 0;; i++) {
    const key = `${WRITE_PREFIX}${writerName}/${i}`;
    history.asked(key);
    try {
      const response = await txn(client, { success: [putOp(key, key), putOp(SHARED_KEY, key)] });
      history.acknowledged(key, revisionOf(response));
    } catch {
      // Killed in the middle: the write may have happened or not.
      return;
    }
  }
}

/** Loads the server from all sides and kills it at a moment that the seed decides. */
async function writeAndKill(
  server: ServerProcess,
  round: number,
  history: WriteHistory,
  prng: Prng,
): Promise<void> {
  const client = newClient(server);
  try {
    const { header } = await range(client, SHARED_KEY);
    const compaction = { revision: (header?.revision ?? 0) - COMPACTION_DISTANCE };
    const compacted = client.call(KV_SERVICE.compact, compaction).catch(() => undefined);
    const names = Array.from({ length: WRITERS }, (_, i) => `${round}/${i}`);
    const writers = names.map((name) => writeUntilKilled(client, name, history));
    const lifeMs = prng.between(MIN_LIFE_MS, MAX_LIFE_MS);
    await new Promise((resolve) => setTimeout(resolve, lifeMs));
    await server.kill();
    await Promise.all([compacted, ...writers]);
  } finally {
    await client.close();
  }
}

async function runRounds(target: TargetName, seed: number): Promise<void> {
  const prng = new Prng(seed);
  const history = new WriteHistory();
  const server = await ServerProcess.start(target, { flags: FLAGS[target] });
  try {
    for (let round = 1; round <= ROUNDS[target]; round++) {
      await writeAndKill(server, round, history, prng);
      await server.restart();
      const complaints = history.complaints(await observe(server));
      assert.deepEqual(complaints, [], `${target}, seed ${seed}, round ${round}`);
    }
    // A run that hardly wrote anything would prove nothing.
    assert.ok(history.acknowledgedCount > 20 * ROUNDS[target], `${history.acknowledgedCount}`);
  } catch (error) {
    console.error(`seed ${seed}; the end of ${target}'s log:\n${server.logTail()}`);
    throw error;
  } finally {
    await server.dispose();
  }
}

/** Puts the folder back as it was a round ago, as a server that never synced might leave it. */
async function loseARound(target: TargetName): Promise<string[]> {
  const history = new WriteHistory();
  const server = await ServerProcess.start(target, { flags: FLAGS[target] });
  const backup = `${server.dataDir}-backup`;
  try {
    await writeAndKill(server, 1, history, new Prng(1));
    cpSync(server.dataDir, backup, { recursive: true });
    await server.restart();
    assert.deepEqual(history.complaints(await observe(server)), []);
    await writeAndKill(server, 2, history, new Prng(2));
    rmSync(server.dataDir, { recursive: true });
    cpSync(backup, server.dataDir, { recursive: true });
    await server.restart();
    return history.complaints(await observe(server));
  } finally {
    await server.dispose();
  }
}

for (const target of TARGET_NAMES) {
  const reason = whyMissing(target);
  if (reason !== undefined) {
    Deno.test({ name: `kill -9 [${target}] not run: ${reason}`, ignore: true, fn() {} });
    continue;
  }
  Deno.test(`kill -9 [${target}] ${ROUNDS[target]} times under load loses nothing`, () => {
    const seed = Number(Deno.env.get("CRASH_SEED") ?? Date.now() % 1_000_000);
    return runRounds(target, seed);
  });
  Deno.test(`kill -9 [${target}] the checker sees a round of writes that is lost`, async () => {
    const complaints = await loseARound(target);
    assert.ok(complaints.some((each) => each.startsWith("lost:")), complaints.join("\n"));
    assert.ok(complaints.some((each) => each.startsWith("went back:")), complaints.join("\n"));
  });
}
