import { LeaseTimeToLiveResponse } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";
import { WatchClient } from "../harness/watch_calls.ts";
import type { Operation } from "./random_operations.ts";

/** A server and what a history needs of it. */
export interface Side {
  readonly server: ServerProcess;
  readonly client: GrpcClient;
  readonly watch: WatchClient;
}

/** What an operation does, in a form that must be equal on both sides. */
export function outcome(client: GrpcClient, operation: Operation): Promise<unknown> {
  return outcomeOf(perform(client, operation));
}

/** A response, or a refusal, in such a form. */
export async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return withoutIds(await call);
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
export function withoutIds(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${[...value].join(" ")}`;
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  const hidden = ["clusterId", "memberId", "raftTerm"];
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !hidden.includes(name))
      .map(([name, field]) => [name, withoutIds(field)]),
  );
}

/** The revision that a response tells, 0 for a refusal. */
export function revisionOfOutcome(result: unknown): number {
  if (typeof result !== "object" || result === null || !("header" in result)) return 0;
  const { header } = result;
  if (typeof header !== "object" || header === null || !("revision" in header)) return 0;
  return Number(header.revision);
}

/** Starts a server and watches all of it. */
export async function startSide(target: TargetName): Promise<Side> {
  const server = await ServerProcess.start(target);
  const client = new GrpcClient(server.endpoint);
  const watch = new WatchClient(client);
  await watch.create("", { rangeEnd: "\x00", prevKv: true });
  return { server, client, watch };
}

/** Does the same on real etcd and on detcd, which then must have gone the same way. */
async function onBothSides(
  compare: (sides: readonly Side[]) => Promise<void>,
): Promise<void> {
  const sides = await Promise.all(TARGET_NAMES.map(startSide));
  try {
    await compare(sides);
  } finally {
    for (const { client, server } of sides) {
      await client.close();
      await server.dispose();
    }
  }
}

/** Registers one test a seed, or an ignored one that says which server is missing. */
export function testSeeds(
  subject: string,
  seeds: readonly number[],
  compare: (seed: number, sides: readonly Side[]) => Promise<void>,
): void {
  const reason = TARGET_NAMES.map(whyMissing).find((why) => why !== undefined);
  for (const seed of seeds) {
    const name = `${subject} of seed ${seed} goes the same on etcd and detcd`;
    if (reason === undefined) {
      Deno.test(name, () => onBothSides((sides) => compare(seed, sides)));
    } else {
      Deno.test({ name: `${name} - not run: ${reason}`, ignore: true, fn() {} });
    }
  }
}
