import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { bytesFromText } from "../../base/bytes.ts";
import { systemClock } from "../../base/clock.ts";
import { GrpcServer } from "../../net/grpc/server.ts";
import {
  deliver,
  type FakeStream,
  frameMessage,
  openStream,
} from "../../net/grpc/testing/fake_stream.ts";
import type { MessageCodec } from "../../pb/codec.ts";
import {
  AlarmAction,
  AlarmRequest,
  AlarmResponse,
  AlarmType,
  HashKVRequest,
  HashKVResponse,
  LeaseGrantRequest,
  PutRequest,
  RequestOp,
  StatusRequest,
  StatusResponse,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { put, startServer, testConfig } from "../../server/server_fixtures.ts";
import { registerServices } from "./services.ts";

const SIZES = { maxReceiveMessageBytes: 1 << 20, maxSendMessageBytes: 1 << 20 };
const NO_SPACE = "8 etcdserver: mvcc: database space exceeded";
const CANCEL = 8;

/** A server with its services. */
class Fixture {
  readonly server: EtcdServer;
  readonly #grpc: GrpcServer;

  constructor(server: EtcdServer) {
    this.server = server;
    this.#grpc = new GrpcServer({ clock: systemClock, ...SIZES });
    registerServices(this.#grpc, server);
  }

  /** Begins a unary call. */
  ask<T>(path: string, codec: MessageCodec<T>, fields: Partial<T>): FakeStream {
    const stream = openStream(this.#grpc, { ":path": path });
    deliver(stream, frameMessage(codec.encode(codec.create(fields))));
    stream.listener?.end();
    return stream;
  }

  close(): Promise<void> {
    this.#grpc.close();
    return this.server.stop();
  }
}

async function withServer(
  quotaBackendBytes: number,
  use: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const fixture = new Fixture(await startServer(testConfig(undefined, { quotaBackendBytes })));
  try {
    await use(fixture);
  } finally {
    await fixture.close();
  }
}

async function finished(...streams: FakeStream[]): Promise<void> {
  while (streams.some((stream) => !stream.finished)) await setImmediate();
}

function responseOf<T>(stream: FakeStream, codec: MessageCodec<T>): T {
  assert.equal(stream.status, "0");
  return codec.decode(stream.messages[0].bytes);
}

const { alarm, hashKv, status } = MAINTENANCE_SERVICE;

Deno.test("HashKV tells what it hashed, and its header the revision of the store", async () => {
  await withServer(0, async (fixture) => {
    const { server } = fixture;
    for (const value of ["1", "2", "3"]) await put(server, "a", value);
    server.store.compact(2);
    const call = fixture.ask(hashKv.path, HashKVRequest, { revision: 3 });
    await finished(call);
    const { header, hash, ...rest } = responseOf(call, HashKVResponse);
    assert.deepEqual(rest, { compactRevision: 2, hashRevision: 3 });
    assert.equal(header?.revision, 4);
    const expected = server.store.hashKv(3);
    while (expected.step(1000));
    assert.equal(hash, expected.hash);
    const early = fixture.ask(hashKv.path, HashKVRequest, { revision: 1 });
    await finished(early);
    assert.equal(early.status, "11 etcdserver: mvcc: required revision has been compacted");
  });
});

Deno.test("HashKV stops when its client is gone, so that compactions go on", async () => {
  await withServer(0, async (fixture) => {
    const { store } = fixture.server;
    for (let i = 0; i < 10_000; i++) {
      store.put(PutRequest.create({ key: `k${i}`, value: bytesFromText("v") }));
    }
    const call = fixture.ask(hashKv.path, HashKVRequest, {});
    await setImmediate();
    await setImmediate();
    const compaction = store.compact(5_000);
    assert.equal(compaction.step(1e6), true, "the hash is being made");
    call.listener?.closed(CANCEL);
    assert.equal(compaction.step(1e6), false);
  });
});

Deno.test("Alarm GET needs no log entry", async () => {
  await withServer(0, async (fixture) => {
    const { server } = fixture;
    server.alarms.activate(7n, AlarmType.CORRUPT);
    const before = server.committedIndex;
    const call = fixture.ask(alarm.path, AlarmRequest, { action: AlarmAction.GET });
    await finished(call);
    const { alarms } = responseOf(call, AlarmResponse);
    assert.deepEqual(alarms, [{ memberId: 7n, alarm: AlarmType.CORRUPT }]);
    assert.equal(server.committedIndex, before);
  });
});

Deno.test("Status tells the quota and the alarms", async () => {
  await withServer(12_345, async (fixture) => {
    fixture.server.alarms.activate(7n, AlarmType.CORRUPT);
    const call = fixture.ask(status.path, StatusRequest, {});
    await finished(call);
    const { dbSizeQuota, errors } = responseOf(call, StatusResponse);
    assert.deepEqual([dbSizeQuota, errors], [12_345, ["memberID:7 alarm:CORRUPT "]]);
  });
});

Deno.test("what does not fit the quota is refused before the log, behind one alarm", async () => {
  await withServer(1_000, async (fixture) => {
    const { server } = fixture;
    const before = server.committedIndex;
    const value = new Uint8Array(1_000);
    const requestPut = PutRequest.create({ key: "t", value });
    const success = [RequestOp.create({ requestPut })];
    const calls = Array.from({ length: 50 }, (_, i) => [
      fixture.ask(KV_SERVICE.put.path, PutRequest, { key: `k${i}`, value }),
      fixture.ask(KV_SERVICE.txn.path, TxnRequest, { success }),
    ]).flat();
    await finished(...calls);
    assert.deepEqual(new Set(calls.map((call) => call.status)), new Set([NO_SPACE]));
    assert.equal(server.committedIndex, before + 1);
    assert.equal(server.store.currentRevision, 1);
    const { memberId } = server;
    assert.deepEqual(server.alarms.list(), [{ memberId, alarm: AlarmType.NOSPACE }]);
  });
});

Deno.test("a lease that does not fit the quota is refused before the log", async () => {
  await withServer(64, async (fixture) => {
    const { server } = fixture;
    const call = fixture.ask(LEASE_SERVICE.leaseGrant.path, LeaseGrantRequest, { ttl: 600 });
    await finished(call);
    assert.equal(call.status, NO_SPACE);
    assert.deepEqual(server.lessor.leases(), []);
    assert.ok(server.alarms.has(server.memberId, AlarmType.NOSPACE));
  });
});
