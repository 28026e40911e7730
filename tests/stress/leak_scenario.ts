import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Config, type Etcd, newMemoryConfig, startEtcd } from "../../mod.ts";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { PutRequest } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import { usedMemoryBytes } from "./heap.ts";
import { heldBy, openSocketCount, untilOnly } from "./held.ts";
import { Http2Session, message } from "./http2_session.ts";

const HALF = 5_000;
/** Caches, pools and compiled code get their size before anything is measured. */
const WARM_UP = 1_000;
/**
 * What the second half may leave behind: less than the smallest object that a server could forget
 * takes with what it hangs on, and more than the chunks in which the store takes its memory.
 */
const MAX_GROWTH_BYTES = HALF * 300;

const SETTLING_MS = 100;
const MAX_REQUEST_BYTES = 2_048;
/** Together far more than the window of a client that takes nothing. */
const LARGE_RANGE_KEYS = 1_000;
const LARGE_VALUE_BYTES = 1_000;

/**
 * Does something `count` times to a server that is there already. `historyRevision` is the first
 * of many.
 */
type Scenario = (port: number, count: number, historyRevision: number) => Promise<void>;

/** What a server is like that differs from a usual one. */
export interface LeakTestOptions {
  /** Changes its configuration; it has to listen at a port of the loopback interface first. */
  readonly configure?: (config: Config) => void;
  /** Prepares it when it has data; returns what goes with requests that it must still serve. */
  readonly prepare?: (etcd: Etcd) => Promise<readonly string[]>;
}

/** Registers a test that does something ten thousand times and looks at what it left behind. */
export function testLeavesNothing(
  name: string,
  scenario: Scenario,
  { configure, prepare }: LeakTestOptions = {},
): void {
  Deno.test(`nothing leaks: ${name}`, async () => {
    const config = newMemoryConfig();
    config.maxRequestBytes = MAX_REQUEST_BYTES;
    configure?.(config);
    await using etcd = await startEtcd(config);
    await etcd.server.readyNotify();
    const { port } = etcd.clients[0];
    const historyRevision = await fill(etcd);
    const fields = await prepare?.(etcd) ?? [];
    const before = await heldBy(port);
    const socketsBefore = await settledSocketCount();
    const usedBytes: number[] = [];
    for (const count of [WARM_UP, HALF, HALF]) {
      await scenario(port, count, historyRevision);
      await untilOnly(port, before);
      usedBytes.push(await usedMemoryBytes());
    }
    // Sockets of earlier tests may have closed meanwhile.
    assert.ok(await settledSocketCount() <= socketsBefore, "no socket is left");
    const growth = usedBytes[2] - usedBytes[1];
    assert.ok(growth < MAX_GROWTH_BYTES, `memory grew by ${growth} bytes`);
    await checkServes(port, fields);
  });
}

const SMALL_PUT = message(
  PutRequest.encode(PutRequest.create({ key: "k", value: Buffer.from("v") })),
);

/** The server's end of a connection closes a little after the client's. */
async function settledSocketCount(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  return openSocketCount();
}

/** Makes something to answer with at length; returns the first revision of it. */
async function fill(etcd: Etcd): Promise<number> {
  await using client = etcd.client();
  const value = new Uint8Array(LARGE_VALUE_BYTES);
  const puts = Array.from({ length: LARGE_RANGE_KEYS }, (_, i) => client.put(`large/${i}`, value));
  const [{ revision }] = await Promise.all(puts);
  return revision;
}

async function checkServes(port: number, fields: readonly string[]): Promise<void> {
  const session = await Http2Session.open(port);
  const answer = session.request(KV_SERVICE.put.path, { body: SMALL_PUT, fields });
  await session.untilAllOver();
  assert.equal(answer.grpcStatus, GrpcCode.OK);
  await session.close();
}
