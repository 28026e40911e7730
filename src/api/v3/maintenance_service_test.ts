import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { bytesFromText } from "../../base/bytes.ts";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { MemoryFileSystem } from "../../disk/memory_file_system.ts";
import type { FakeStream } from "../../net/grpc/testing/fake_stream.ts";
import {
  AlarmAction,
  AlarmRequest,
  AlarmResponse,
  AlarmType,
  DefragmentRequest,
  DefragmentResponse,
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  RequestOp,
  StatusRequest,
  StatusResponse,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../pb/services.ts";
import { put, testConfig } from "../../server/testing/server_fixtures.ts";
import { CANCEL, finished, responseOf, withServer } from "./testing/maintenance_fixtures.ts";

const NO_SPACE = "8 etcdserver: mvcc: database space exceeded";

const { alarm, defragment, hash, hashKv, status } = MAINTENANCE_SERVICE;

Deno.test("HashKV tells what it hashed, and its header the revision of the store", async () => {
  await withServer(testConfig(undefined), async (fixture) => {
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
  await withServer(testConfig(undefined), async (fixture) => {
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

Deno.test("Hash is of all that was applied, and leaves out how far the log is", async () => {
  await withServer(testConfig(undefined), async (fixture) => {
    const { server } = fixture;
    const ask = async (): Promise<number> => {
      const call = fixture.ask(hash.path, HashRequest, {});
      await finished(call);
      const { header, hash: value } = responseOf(call, HashResponse);
      assert.equal(header?.revision, server.store.currentRevision);
      return value;
    };
    await put(server, "a", "1");
    const first = await ask();
    const lease = fixture.ask(LEASE_SERVICE.leaseRevoke.path, LeaseRevokeRequest, { id: 7n });
    await finished(lease);
    assert.equal(await ask(), first, "an entry that changes nothing");
    await put(server, "a", "1");
    assert.notEqual(await ask(), first);
  });
});

Deno.test("Hash lets go of the file when its client goes or the server stops", async () => {
  let last: FakeStream | undefined;
  await withServer(testConfig(undefined), async (fixture) => {
    const { server } = fixture;
    // Enough for several turns.
    const large = "x".repeat(1_000_000);
    for (let i = 0; i < 20; i++) await put(server, `k${i}`, large);
    await server.backend.checkpoint();
    const opening = fixture.ask(hash.path, HashRequest, {});
    opening.listener?.closed(CANCEL);
    const hashing = fixture.ask(hash.path, HashRequest, {});
    await setImmediate();
    await setImmediate();
    assert.ok(!hashing.finished);
    hashing.listener?.closed(CANCEL);
    assert.equal(server.streams.count, 0);
    last = fixture.ask(hash.path, HashRequest, {});
    await setImmediate();
  });
  assert.equal(last?.status, "14 etcdserver: server stopped");
});

Deno.test("Hash that cannot read the file fails, and the member stops", async () => {
  const fileSystem = new MemoryFileSystem();
  await withServer(testConfig(fileSystem), async (fixture) => {
    fixture.mayFail = true;
    const { server } = fixture;
    for (let i = 0; i < 1000; i++) await put(server, `k${i}`, "v");
    await server.backend.checkpoint();
    fileSystem.hardware.inject({ operation: "read", after: 0, code: "EIO" });
    const call = fixture.ask(hash.path, HashRequest, {});
    await finished(call);
    assert.match(call.status, /^2 Cannot read .*db.*EIO/);
    await server.stopNotify;
    assert.match(String(server.failure), /EIO/);
  });
});

Deno.test("Defragment fails when the disk is full, and the member goes on", async () => {
  const fileSystem = new MemoryFileSystem();
  await withServer(testConfig(fileSystem), async (fixture) => {
    const { server } = fixture;
    await put(server, "a", "1");
    await server.backend.checkpoint();
    fileSystem.hardware.inject({ operation: "create", after: 0, code: "ENOSPC" });
    const failed = fixture.ask(defragment.path, DefragmentRequest, {});
    await finished(failed);
    assert.match(failed.status, /^2 Cannot create .*db\.tmp.*ENOSPC/);
    await put(server, "a", "2");
    const call = fixture.ask(defragment.path, DefragmentRequest, {});
    await finished(call);
    assert.equal(responseOf(call, DefragmentResponse).header, undefined);
  });
});

Deno.test("Status tells before 3.6 only what etcd told then", async () => {
  const compatVersion = CompatVersion.of("3.5");
  assert.ok(compatVersion !== undefined);
  for (const [config, isFull] of [[{ compatVersion }, false], [{}, true]] as const) {
    await withServer(testConfig(undefined, config), async (fixture) => {
      const call = fixture.ask(status.path, StatusRequest, {});
      await finished(call);
      const { version, storageVersion, dbSizeQuota, downgradeInfo } = responseOf(
        call,
        StatusResponse,
      );
      assert.equal(version.startsWith("3.5."), !isFull);
      assert.equal(storageVersion, isFull ? "3.7.0" : "");
      assert.equal(dbSizeQuota > 0, isFull);
      assert.equal(downgradeInfo !== undefined, isFull);
    });
  }
});

Deno.test("Alarm GET needs no log entry", async () => {
  await withServer(testConfig(undefined), async (fixture) => {
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
  await withServer(testConfig(undefined, { quotaBackendBytes: 12_345 }), async (fixture) => {
    fixture.server.alarms.activate(7n, AlarmType.CORRUPT);
    const call = fixture.ask(status.path, StatusRequest, {});
    await finished(call);
    const { dbSizeQuota, errors } = responseOf(call, StatusResponse);
    assert.deepEqual([dbSizeQuota, errors], [12_345, ["memberID:7 alarm:CORRUPT "]]);
  });
});

Deno.test("what does not fit the quota is refused before the log, behind one alarm", async () => {
  await withServer(testConfig(undefined, { quotaBackendBytes: 1_000 }), async (fixture) => {
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
  await withServer(testConfig(undefined, { quotaBackendBytes: 64 }), async (fixture) => {
    const { server } = fixture;
    const call = fixture.ask(LEASE_SERVICE.leaseGrant.path, LeaseGrantRequest, { ttl: 600 });
    await finished(call);
    assert.equal(call.status, NO_SPACE);
    assert.deepEqual(server.lessor.leases(), []);
    assert.ok(server.alarms.has(server.memberId, AlarmType.NOSPACE));
  });
});
