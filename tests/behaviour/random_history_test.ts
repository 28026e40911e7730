import assert from "node:assert/strict";
import { LeaseTimeToLiveResponse } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";
import { WatchClient } from "../harness/watch_calls.ts";
import { type Operation, OperationMaker } from "./random_operations.ts";

const OPERATIONS_PER_SEED = 400;
/** The environment variable HISTORY_SEEDS takes others, such as those of a failed run. */
const SEEDS: readonly number[] = (Deno.env.get("HISTORY_SEEDS") ?? "1,2,3,4,5,6").split(",")
  .map(Number);

/** A server and what a history needs of it. */
interface Side {
  readonly server: ServerProcess;
  readonly client: GrpcClient;
  readonly watch: WatchClient;
}

/** A response, or a refusal, in a form that must be equal on both sides. */
async function outcome(client: GrpcClient, operation: Operation): Promise<unknown> {
  try {
    return withoutIds(await perform(client, operation));
  } catch (error) {
    if (error instanceof Error && "code" in error && "details" in error) {
      return { code: error.code, text: error.details };
    }
    throw error;
  }
}

function perform(client: GrpcClient, operation: Operation): Promise<unknown> {
  if (operation.kind === "leaseGrant") {
    return client.call(LEASE_SERVICE.leaseGrant, operation.fields);
  }
  if (operation.kind === "leaseRevoke") {
    return client.call(LEASE_SERVICE.leaseRevoke, operation.fields);
  }
  if (operation.kind === "leaseTimeToLive") return timeToLive(client, operation.fields);
  if (operation.kind === "put") return client.call(KV_SERVICE.put, operation.fields);
  if (operation.kind === "range") return client.call(KV_SERVICE.range, operation.fields);
  if (operation.kind === "txn") return client.call(KV_SERVICE.txn, operation.fields);
  if (operation.kind === "compact") return client.call(KV_SERVICE.compact, operation.fields);
  return client.call(KV_SERVICE.deleteRange, operation.fields);
}

/** Seconds left depend on the time of day, and etcd lists the keys in the order of a Go map. */
async function timeToLive(
  client: GrpcClient,
  fields: { id: bigint; keys: boolean },
): Promise<LeaseTimeToLiveResponse> {
  const response = await client.call(LEASE_SERVICE.leaseTimeToLive, fields);
  const ttl = response.ttl > 0 ? 1 : response.ttl;
  return LeaseTimeToLiveResponse.create({ ...response, ttl, keys: response.keys.toSorted() });
}

/** Two clusters differ in their ids and terms, and in nothing else. */
function withoutIds(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${[...value].join(" ")}`;
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  const hidden = ["clusterId", "memberId", "raftTerm"];
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !hidden.includes(name))
      .map(([name, field]) => [name, withoutIds(field)]),
  );
}

function revisionOfOutcome(result: unknown): number {
  if (typeof result !== "object" || result === null || !("header" in result)) return 0;
  const { header } = result;
  if (typeof header !== "object" || header === null || !("revision" in header)) return 0;
  return Number(header.revision);
}

async function startSide(target: TargetName): Promise<Side> {
  const server = await ServerProcess.start(target);
  const client = new GrpcClient(server.endpoint);
  const watch = new WatchClient(client);
  await watch.create("", { rangeEnd: "\x00", prevKv: true });
  return { server, client, watch };
}

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

for (const seed of SEEDS) {
  const name = `random history of seed ${seed} goes the same on etcd and detcd`;
  const reason = TARGET_NAMES.map(whyMissing).find((why) => why !== undefined);
  if (reason !== undefined) {
    Deno.test({ name: `${name} - not run: ${reason}`, ignore: true, fn() {} });
    continue;
  }
  Deno.test(name, async () => {
    const sides = await Promise.all(TARGET_NAMES.map(startSide));
    try {
      await compareHistory(seed, sides);
    } finally {
      for (const { client, server } of sides) {
        await client.close();
        await server.dispose();
      }
    }
  });
}
