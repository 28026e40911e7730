import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { Prng } from "../../src/base/prng.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { putOp, range, rangePrefix, revisionOf, txn } from "../harness/kv_calls.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { type TargetName, whyMissing } from "../harness/targets.ts";
import { type Observation, WriteHistory } from "./write_history.ts";

/** What is killed, and how often. */
interface Subject {
  readonly name: string;
  readonly target: TargetName;
  readonly rounds: number;
  readonly flags: readonly string[];
  /** At the end real etcd starts on the directory, which it must be able to do after any kill. */
  readonly endsWithEtcd: boolean;
}

/** Short elections make short rounds, and frequent snapshots make more happen in each. */
const COMMON_FLAGS: readonly string[] = [
  "--heartbeat-interval=20",
  "--election-timeout=200",
  "--snapshot-count=300",
];
/** Checkpoints run all the time, and most values are read from the B-tree file. */
const DETCD_FLAGS: readonly string[] = [
  ...COMMON_FLAGS,
  "--backend-batch-interval=20ms",
  "--value-cache-bytes=1048576",
];
const ROUNDS = Number(Deno.env.get("CRASH_ROUNDS") ?? 25);

/** etcd proves the checker, detcd is what is checked. */
const SUBJECTS: readonly Subject[] = [
  {
    name: "etcd",
    target: "etcd",
    rounds: Math.ceil(ROUNDS / 3),
    flags: COMMON_FLAGS,
    endsWithEtcd: false,
  },
  { name: "detcd", target: "detcd", rounds: ROUNDS, flags: DETCD_FLAGS, endsWithEtcd: false },
  {
    name: "detcd as 3.4",
    target: "detcd",
    rounds: ROUNDS,
    flags: [...DETCD_FLAGS, "--compat-version=3.4"],
    endsWithEtcd: whyMissing("etcd") === undefined,
  },
];
const WRITERS = 16;
const MIN_LIFE_MS = 20;
const MAX_LIFE_MS = 150;
const ROUNDS_PER_DEFRAGMENTATION = 3;
const SHARED_KEY = "shared";
const WRITE_PREFIX = "write/";
/** So far behind the newest revision that the checker's reads do not notice. */
const COMPACTION_DISTANCE = 50;
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
    const others: Promise<unknown>[] = [client.call(KV_SERVICE.compact, compaction)];
    if (round % ROUNDS_PER_DEFRAGMENTATION === 0) {
      others.push(client.call(MAINTENANCE_SERVICE.defragment, {}));
    }
    const othersEnded = Promise.allSettled(others);
    const names = Array.from({ length: WRITERS }, (_, i) => `${round}/${i}`);
    const writers = names.map((name) => writeUntilKilled(client, name, history));
    const lifeMs = prng.between(MIN_LIFE_MS, MAX_LIFE_MS);
    await new Promise((resolve) => setTimeout(resolve, lifeMs));
    await server.kill();
    await Promise.all([othersEnded, ...writers]);
  } finally {
    await client.close();
  }
}

async function runRounds(subject: Subject, seed: number): Promise<void> {
  const { name, target, rounds, flags, endsWithEtcd } = subject;
  const prng = new Prng(seed);
  const history = new WriteHistory();
  const server = await ServerProcess.start(target, { flags });
  try {
    for (let round = 1; round <= rounds; round++) {
      await writeAndKill(server, round, history, prng);
      if (endsWithEtcd && round === rounds) await expectAllInEtcd(server.dataDir, history);
      await server.restart();
      const complaints = history.complaints(await observe(server));
      assert.deepEqual(complaints, [], `${name}, seed ${seed}, round ${round}`);
    }
    // A run that hardly wrote anything would prove nothing.
    assert.ok(history.acknowledgedCount > 20 * rounds, `${history.acknowledgedCount}`);
  } catch (error) {
    console.error(`seed ${seed}; the end of the log of ${name}:\n${server.logTail()}`);
    throw error;
  } finally {
    await server.dispose();
  }
}

/** Real etcd finds all in a directory as kill -9 has left it. */
async function expectAllInEtcd(dataDir: string, history: WriteHistory): Promise<void> {
  const etcd = await ServerProcess.start("etcd", { dataDir, flags: COMMON_FLAGS });
  try {
    assert.deepEqual(history.complaints(await observe(etcd)), [], "real etcd on the directory");
    await etcd.stop();
  } finally {
    await etcd.dispose();
  }
}

/** Puts the folder back as it was a round ago, as a server that never synced might leave it. */
async function loseARound({ target, flags }: Subject): Promise<string[]> {
  const history = new WriteHistory();
  const server = await ServerProcess.start(target, { flags });
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

for (const subject of SUBJECTS) {
  const { name, target, rounds } = subject;
  const reason = whyMissing(target);
  if (reason !== undefined) {
    Deno.test({ name: `kill -9 [${name}] not run: ${reason}`, ignore: true, fn() {} });
    continue;
  }
  const ending = subject.endsWithEtcd ? ", and real etcd goes on with it" : "";
  Deno.test(`kill -9 [${name}] ${rounds} times under load loses nothing${ending}`, () => {
    const seed = Number(Deno.env.get("CRASH_SEED") ?? Date.now() % 1_000_000);
    return runRounds(subject, seed);
  });
  Deno.test(`kill -9 [${name}] the checker sees a round of writes that is lost`, async () => {
    const complaints = await loseARound(subject);
    assert.ok(complaints.some((each) => each.startsWith("lost:")), complaints.join("\n"));
    assert.ok(complaints.some((each) => each.startsWith("went back:")), complaints.join("\n"));
  });
}
