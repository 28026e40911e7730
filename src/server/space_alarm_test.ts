import assert from "node:assert/strict";
import { bytesFromText } from "../base/bytes.ts";
import { type LogFields, type Logger, silentLogger } from "../base/log.ts";
import { ETCD_ERRORS } from "../core/errors.ts";
import { MemoryFileSystem } from "../disk/memory_file_system.ts";
import {
  AlarmAction,
  type AlarmMember,
  AlarmRequest,
  AlarmType,
  PutRequest,
  RequestOp,
  TxnRequest,
} from "../pb/etcdserverpb.ts";
import type { EtcdServer } from "./etcd_server.ts";
import { AlarmOperation } from "./operations/alarm.ts";
import { TxnOperation } from "./operations/kv.ts";
import { get, grantLease, put, startServer, testConfig } from "./testing/server_fixtures.ts";

const QUOTA_BYTES = 5_000;
const VALUE = "x".repeat(1_000);

function changeAlarm(
  server: EtcdServer,
  fields: Partial<AlarmRequest>,
): Promise<AlarmMember[]> {
  const request = AlarmRequest.create(fields);
  return new Promise((applied, failed) => {
    const operation = new AlarmOperation(request, { applied, failed });
    server.proposeEncoded(operation, AlarmRequest.encode(request));
  });
}

function putInTxn(server: EtcdServer, key: string): Promise<unknown> {
  const requestPut = PutRequest.create({ key, value: bytesFromText(VALUE) });
  const request = TxnRequest.create({ success: [RequestOp.create({ requestPut })] });
  return new Promise((applied, failed) => {
    const operation = new TxnOperation(request, { applied, failed });
    server.proposeEncoded(operation, TxnRequest.encode(request));
  });
}

function alarmsOf(server: EtcdServer): string[] {
  return server.alarms.list().map(({ memberId, alarm }) => `${alarm} of ${memberId}`);
}

function ownAlarm(server: EtcdServer): string {
  return `${AlarmType.NOSPACE} of ${server.memberId}`;
}

Deno.test("EtcdServer applies what exceeds its quota, refuses it all the same and raises the alarm", async () => {
  const server = await startServer(testConfig(undefined, { quotaBackendBytes: QUOTA_BYTES }));
  // All of them are in the log before the first is applied, so none is refused on the way in.
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      put(server, `k${i}`, VALUE).then(() => "ok", (error) => {
        assert.equal(error, ETCD_ERRORS.noSpace);
        // Nobody is refused before everybody can see why.
        return alarmsOf(server).join();
      })),
  );
  const refused = ownAlarm(server);
  assert.deepEqual(outcomes, [...Array(4).fill("ok"), ...Array(4).fill(refused)]);
  assert.equal(get(server, "k7")?.revision, 9, "other members have applied it");
  await assert.rejects(put(server, "late", "x"), ETCD_ERRORS.noSpace);
  assert.equal(get(server, "late"), undefined, "the alarm stops everybody");
  await server.stop();
});

Deno.test("EtcdServer charges transactions and leases too", async () => {
  const server = await startServer(testConfig(undefined, { quotaBackendBytes: 1_200 }));
  const disarm = async (): Promise<void> => {
    const { memberId } = server;
    const alarm = AlarmType.NOSPACE;
    const action = AlarmAction.DEACTIVATE;
    assert.equal((await changeAlarm(server, { action, memberId, alarm })).length, 1);
  };
  await grantLease(server, 1n, 600);
  await assert.rejects(putInTxn(server, "a"), ETCD_ERRORS.noSpace);
  assert.deepEqual(alarmsOf(server), [ownAlarm(server)]);
  await disarm();
  assert.equal(get(server, "a")?.revision, 2);
  // The store itself is below the quota by less than a lease costs.
  assert.ok(server.backend.totalBytes > 1_000 && server.backend.totalBytes < 1_140);
  await grantLease(server, 2n, 600);
  await putInTxn(server, "a").catch(() => {});
  await disarm();
  await assert.rejects(grantLease(server, 3n, 600), ETCD_ERRORS.noSpace);
  assert.deepEqual(server.lessor.leases().toSorted(), [1n, 2n, 3n]);
  await server.stop();
});

Deno.test("EtcdServer leaves the alarm to the member whose quota it was", async () => {
  const server = await startServer(testConfig(undefined));
  const alarm = { memberId: 7n, alarm: AlarmType.NOSPACE };
  await changeAlarm(server, { action: AlarmAction.ACTIVATE, ...alarm });
  await assert.rejects(put(server, "a", "1"), ETCD_ERRORS.noSpace);
  assert.equal(get(server, "a"), undefined);
  assert.deepEqual(alarmsOf(server), ["1 of 7"]);
  await server.stop();
});

Deno.test("EtcdServer.raiseSpaceAlarm() needs one entry for many, and settles them all", async () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
  const config = testConfig(undefined, { quotaBackendBytes: QUOTA_BYTES, logger });
  const server = await startServer(config);
  const before = server.committedIndex;
  const raise = (): Promise<string> =>
    new Promise((settled) => server.raiseSpaceAlarm(() => settled(alarmsOf(server).join())));
  const seen = await Promise.all(Array.from({ length: 100 }, raise));
  assert.deepEqual(new Set(seen), new Set([ownAlarm(server)]));
  assert.equal(await raise(), ownAlarm(server));
  assert.equal(server.committedIndex, before + 1);
  assert.deepEqual(warnings, ["message exceeded backend quota; raising alarm"]);
  await server.stop();
  assert.equal(await raise(), ownAlarm(server));
});

Deno.test("EtcdServer.raiseSpaceAlarm() settles when the alarm cannot be raised", async () => {
  const server = await startServer(testConfig(undefined));
  await server.stop();
  await new Promise<void>((settled) => server.raiseSpaceAlarm(settled));
  assert.deepEqual(alarmsOf(server), []);
});

Deno.test("EtcdServer finds its alarms again after a restart, and what they refused", async () => {
  const disk = new MemoryFileSystem();
  const before = await startServer(testConfig(disk, { quotaBackendBytes: QUOTA_BYTES }));
  const puts = Array.from({ length: 8 }, (_, i) => put(before, `k${i}`, VALUE).catch(() => {}));
  await Promise.all(puts);
  await assert.rejects(put(before, "late", "x"), ETCD_ERRORS.noSpace);
  const { currentRevision } = before.store;
  await before.stop();
  const after = await startServer(testConfig(disk, { quotaBackendBytes: QUOTA_BYTES }));
  assert.deepEqual(alarmsOf(after), [ownAlarm(after)]);
  assert.equal(after.store.currentRevision, currentRevision);
  await assert.rejects(put(after, "late", "x"), ETCD_ERRORS.noSpace);
  await after.stop();
});

Deno.test("EtcdServer starts with a quota below what it stores already, and keeps all of it", async () => {
  const disk = new MemoryFileSystem();
  const before = await startServer(testConfig(disk));
  for (let i = 0; i < 8; i++) await put(before, `k${i}`, VALUE);
  await before.stop();
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
  const config = testConfig(disk, { quotaBackendBytes: QUOTA_BYTES, logger });
  const after = await startServer(config);
  assert.deepEqual([alarmsOf(after), after.store.keyCount, warnings], [[], 8, []]);
  await assert.rejects(put(after, "k8", "x"), ETCD_ERRORS.noSpace);
  assert.deepEqual(alarmsOf(after), [ownAlarm(after)]);
  await after.stop();
});

Deno.test("EtcdServer tells its quota, and warns of a very large one", async () => {
  const told = async (quotaBackendBytes: number): Promise<string[]> => {
    const lines: string[] = [];
    const log = (message: string, fields?: LogFields): void => {
      const bytes = fields?.["quota-size-bytes"];
      if (bytes !== undefined) lines.push(`${message}: ${bytes}`);
    };
    const logger: Logger = { ...silentLogger, info: log, warn: log };
    const server = await startServer(testConfig(undefined, { quotaBackendBytes, logger }));
    await server.stop();
    return lines;
  };
  const gib = 1024 ** 3;
  assert.deepEqual(await told(0), [`enabled backend quota: ${2 * gib}`]);
  assert.deepEqual(await told(-1), ["disabled backend quota: -1"]);
  assert.deepEqual(await told(8 * gib), [`enabled backend quota: ${8 * gib}`]);
  assert.deepEqual(await told(8 * gib + 1), [
    `enabled backend quota: ${8 * gib + 1}`,
    `quota exceeds the maximum value: ${8 * gib + 1}`,
  ]);
});
