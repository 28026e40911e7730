import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { bytesFromText, textFromBytes } from "../../../base/bytes.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import { ELECTION_SERVICE, LOCK_SERVICE } from "../../../pb/services.ts";
import {
  CampaignRequest,
  CampaignResponse,
  LeaderRequest,
  LeaderResponse,
  ProclaimRequest,
} from "../../../pb/v3electionpb.ts";
import { LockRequest, LockResponse } from "../../../pb/v3lockpb.ts";
import { type FakeStream } from "../../../net/grpc/testing/fake_stream.ts";
import { RangeRequest } from "../../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import { testConfig } from "../../../server/testing/server_fixtures.ts";
import {
  CANCEL,
  finished,
  type MaintenanceFixture,
  responseOf,
  withServer,
} from "../testing/maintenance_fixtures.ts";

async function untilTrue(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

function lock(fixture: MaintenanceFixture, name: string): FakeStream {
  return fixture.ask(LOCK_SERVICE.lock.path, LockRequest, { name });
}

async function campaign(fixture: MaintenanceFixture, value: string): Promise<CampaignResponse> {
  const request = { name: "e", value: bytesFromText(value) };
  const stream = fixture.ask(ELECTION_SERVICE.campaign.path, CampaignRequest, request);
  await finished(stream);
  return responseOf(stream, CampaignResponse);
}

async function proclaim(
  fixture: MaintenanceFixture,
  { leader }: CampaignResponse,
  value: string,
): Promise<void> {
  const request = { leader, value: bytesFromText(value) };
  const stream = fixture.ask(ELECTION_SERVICE.proclaim.path, ProclaimRequest, request);
  await finished(stream);
  assert.equal(stream.status, "0");
}

function observe(fixture: MaintenanceFixture): FakeStream {
  return fixture.ask(ELECTION_SERVICE.observe.path, LeaderRequest, { name: "e" });
}

/** What an observer was told. */
function told(stream: FakeStream): string[] {
  return stream.messages.map(({ bytes }) => {
    const { kv } = LeaderResponse.decode(bytes);
    return textFromBytes(KeyValue.create(kv).value);
  });
}

function keyCount({ store }: EtcdServer): number {
  return store.range(RangeRequest.create({ key: "\0", rangeEnd: "\0" })).count;
}

/** A client whose connection takes nothing. */
function congest(stream: FakeStream): void {
  stream.bufferedBytes = 1 << 30;
  stream.congested = true;
}

function drain(stream: FakeStream): void {
  stream.bufferedBytes = 0;
  stream.congested = false;
  stream.listener?.drained();
}

Deno.test("whoever stops waiting leaves no key, no watch and no stream behind", () =>
  withServer(testConfig(undefined), async (fixture) => {
    const { server } = fixture;
    const holder = lock(fixture, "a");
    await finished(holder);
    const observer = observe(fixture);
    const waiting = [lock(fixture, "a"), lock(fixture, "a")];
    await untilTrue(() => server.hub.watcherCount === 3 && keyCount(server) === 3);
    for (const stream of [...waiting, observer]) stream.listener?.closed(CANCEL);
    await untilTrue(() => keyCount(server) === 1);
    await untilTrue(() => server.hub.watcherCount === 0);
    await untilTrue(() => server.streams.count === 0);
  }));

Deno.test("a lock that is granted to a client that has gone is free at once", () =>
  withServer(testConfig(undefined), async (fixture) => {
    const gone = lock(fixture, "a");
    gone.listener?.closed(CANCEL);
    const next = lock(fixture, "a");
    await finished(next);
    const { key } = responseOf(next, LockResponse);
    await untilTrue(() => keyCount(fixture.server) === 1);
    assert.equal(fixture.server.store.range(RangeRequest.create({ key })).kvs.length, 1);
  }));

Deno.test("a server that stops ends those who wait, so that they go elsewhere", async () => {
  let waiting: FakeStream[] = [];
  await withServer(testConfig(undefined), async (fixture) => {
    await finished(lock(fixture, "a"));
    waiting = [lock(fixture, "a"), observe(fixture)];
    await untilTrue(() => fixture.server.hub.watcherCount === 2);
    fixture.server.streams.endAll();
    await finished(...waiting);
    for (const stream of waiting) assert.equal(stream.status, "14 etcdserver: server stopped");
    await untilTrue(() => keyCount(fixture.server) === 1);
  });
});

Deno.test("an observer that is slow holds its watch back and misses nothing", () =>
  withServer(testConfig(undefined), async (fixture) => {
    const leader = await campaign(fixture, "0");
    const observer = observe(fixture);
    await untilTrue(() => told(observer).length === 1);
    congest(observer);
    const values = Array.from({ length: 60 }, (_, i) => String(i + 1));
    for (const value of values) await proclaim(fixture, leader, value);
    await untilTrue(() => fixture.server.hub.laggingWatcherCount === 1);
    const before = told(observer).length;
    assert.ok(before < 5, `${before} were told`);
    drain(observer);
    await untilTrue(() => told(observer).length === values.length + 1);
    assert.deepEqual(told(observer), ["0", ...values]);
  }));

Deno.test("an observer that a compaction overtakes goes on with the leader of then", () =>
  withServer(testConfig(undefined), async (fixture) => {
    const { server } = fixture;
    const leader = await campaign(fixture, "0");
    const observer = observe(fixture);
    await untilTrue(() => told(observer).length === 1);
    congest(observer);
    for (let i = 1; i <= 60; i++) await proclaim(fixture, leader, String(i));
    await untilTrue(() => server.hub.laggingWatcherCount === 1);
    await new Promise<void>((resolve) =>
      server.ownRequests.compact(server.store.currentRevision, () => resolve())
    );
    drain(observer);
    await untilTrue(() => told(observer).at(-1) === "60");
    assert.ok(told(observer).length < 60);
    assert.ok(!observer.finished);
  }));
