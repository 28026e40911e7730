import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import type {
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveResponse,
} from "../../src/pb/etcdserverpb.ts";
import { LEASE_SERVICE } from "../../src/pb/services.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import { type GrpcClient, type GrpcStream, refusal, withClient } from "../harness/grpc_client.ts";
import {
  deleteRange,
  put,
  putOp,
  range,
  rangePrefix,
  revisionOf,
  txn,
} from "../harness/kv_calls.ts";
import { changes, WatchClient } from "../harness/watch_calls.ts";

const NOT_FOUND = { code: GrpcCode.NotFound, text: "etcdserver: requested lease not found" };

function grant(client: GrpcClient, ttl: number, id = 0n): Promise<LeaseGrantResponse> {
  return client.call(LEASE_SERVICE.leaseGrant, { ttl, id });
}

function revoke(client: GrpcClient, id: bigint): Promise<{ header: LeaseGrantResponse["header"] }> {
  return client.call(LEASE_SERVICE.leaseRevoke, { id });
}

function timeToLive(
  client: GrpcClient,
  id: bigint,
  keys = false,
): Promise<LeaseTimeToLiveResponse> {
  return client.call(LEASE_SERVICE.leaseTimeToLive, { id, keys });
}

function keepAlive(
  client: GrpcClient,
): GrpcStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> {
  return client.open(LEASE_SERVICE.leaseKeepAlive);
}

async function leaseIds(client: GrpcClient): Promise<bigint[]> {
  const { leases } = await client.call(LEASE_SERVICE.leaseLeases);
  return leases.map((lease) => lease.id);
}

describeBothTargets("lease", (test) => {
  test("grant makes up a positive id and makes no revision", async ({ client, prefix }) => {
    const before = revisionOf(await range(client, prefix));
    const granted = await grant(client, 60);
    assert.ok(granted.id > 0n);
    assert.deepEqual([granted.ttl, granted.error, revisionOf(granted)], [60, "", before]);
    assert.notEqual((await grant(client, 60)).id, granted.id);
  });

  test("grant takes the id of the client, also a negative one", async ({ client }) => {
    assert.equal((await grant(client, 60, 4711n)).id, 4711n);
    assert.equal((await grant(client, 60, -4711n)).id, -4711n);
    assert.equal((await timeToLive(client, -4711n)).grantedTtl, 60);
  });

  test("grant refuses an id that is there", async ({ client }) => {
    await grant(client, 60, 815n);
    assert.deepEqual(await refusal(grant(client, 60, 815n)), {
      code: GrpcCode.FailedPrecondition,
      text: "etcdserver: lease already exists",
    });
  });

  test("grant raises a short time to live to what elections need", async ({ client }) => {
    for (const ttl of [1, 0, -5]) assert.equal((await grant(client, ttl)).ttl, 2);
    assert.equal((await grant(client, 2)).ttl, 2);
  });

  test("grant refuses a time to live that is too large", async ({ client }) => {
    assert.equal((await grant(client, 9_000_000_000)).ttl, 9_000_000_000);
    assert.deepEqual(await refusal(grant(client, 9_000_000_001)), {
      code: GrpcCode.OutOfRange,
      text: "etcdserver: too large lease TTL",
    });
  });

  test("a key shows its lease, a put without one detaches it", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    await put(client, `${prefix}a`, "1", { lease: id });
    assert.equal((await range(client, `${prefix}a`)).kvs[0].lease, id);
    assert.deepEqual((await timeToLive(client, id, true)).keys, [`${prefix}a`]);
    await put(client, `${prefix}a`, "2");
    assert.equal((await range(client, `${prefix}a`)).kvs[0].lease, 0n);
    assert.deepEqual((await timeToLive(client, id, true)).keys, []);
    await revoke(client, id);
    assert.equal((await range(client, `${prefix}a`)).count, 1);
  });

  test("a put with another lease moves the key", async ({ client, prefix }) => {
    const [first, second] = [await grant(client, 60), await grant(client, 60)];
    await put(client, `${prefix}a`, "1", { lease: first.id });
    await put(client, `${prefix}a`, "2", { lease: second.id });
    assert.deepEqual((await timeToLive(client, first.id, true)).keys, []);
    assert.deepEqual((await timeToLive(client, second.id, true)).keys, [`${prefix}a`]);
    await revoke(client, first.id);
    assert.equal((await range(client, `${prefix}a`)).count, 1);
  });

  test("a put with ignore_lease keeps the lease", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    await put(client, `${prefix}a`, "1", { lease: id });
    await put(client, `${prefix}a`, "2", { ignoreLease: true });
    assert.equal((await range(client, `${prefix}a`)).kvs[0].lease, id);
  });

  test("a delete detaches the key", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    await put(client, `${prefix}a`, "1", { lease: id });
    await deleteRange(client, `${prefix}a`);
    assert.deepEqual((await timeToLive(client, id, true)).keys, []);
  });

  test("a transaction may attach as well", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    await txn(client, { success: [putOp(`${prefix}a`, "1", { lease: id })] });
    assert.deepEqual((await timeToLive(client, id, true)).keys, [`${prefix}a`]);
  });

  test("revoke deletes the keys in one revision", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    for (const name of ["b", "a", "c"]) await put(client, prefix + name, "1", { lease: id });
    const last = revisionOf(await put(client, `${prefix}d`, "1"));
    const revoked = await revoke(client, id);
    assert.equal(revisionOf(revoked), last + 1);
    const left = await rangePrefix(client, prefix);
    assert.deepEqual([left.kvs.map((kv) => kv.key), revisionOf(left)], [[`${prefix}d`], last + 1]);
  });

  test("revoke of a lease without keys makes no revision", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    const before = revisionOf(await put(client, `${prefix}a`, "1"));
    assert.equal(revisionOf(await revoke(client, id)), before);
  });

  test("revoke of what is not there is refused", async ({ client }) => {
    assert.deepEqual(await refusal(revoke(client, 99_999n)), NOT_FOUND);
    const { id } = await grant(client, 60);
    await revoke(client, id);
    assert.deepEqual(await refusal(revoke(client, id)), NOT_FOUND);
  });

  test("a revoked lease is gone for everybody", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    await revoke(client, id);
    assert.deepEqual(await refusal(put(client, `${prefix}a`, "1", { lease: id })), NOT_FOUND);
    assert.equal((await timeToLive(client, id)).ttl, -1);
    assert.ok(!(await leaseIds(client)).includes(id));
    assert.equal((await grant(client, 60, id)).id, id);
  });

  test("time to live counts down from what was granted", async ({ client, prefix }) => {
    const { id } = await grant(client, 100);
    const left = await timeToLive(client, id);
    assert.deepEqual([left.id, left.grantedTtl, left.keys], [id, 100, []]);
    assert.ok(left.ttl >= 95 && left.ttl <= 100);
    assert.equal(revisionOf(left), revisionOf(await range(client, prefix)));
  });

  test("time to live of what is not there is -1, and no error", async ({ client }) => {
    const left = await timeToLive(client, 99_999n, true);
    assert.deepEqual([left.id, left.ttl, left.grantedTtl, left.keys], [99_999n, -1, 0, []]);
  });

  test("time to live names the keys only when asked, in order", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    for (const name of ["c", "a", "b"]) await put(client, prefix + name, "1", { lease: id });
    assert.deepEqual((await timeToLive(client, id)).keys, []);
    const { keys } = await timeToLive(client, id, true);
    assert.deepEqual(keys.toSorted(), ["a", "b", "c"].map((name) => prefix + name));
  });

  test("leases lists all, those that end first in front", async ({ client }) => {
    const granted: bigint[] = [];
    for (const ttl of [7_000, 5_000, 6_000]) granted.push((await grant(client, ttl)).id);
    const listed = (await leaseIds(client)).filter((id) => granted.includes(id));
    assert.deepEqual(listed, [granted[1], granted[2], granted[0]]);
  });

  test("keep-alive answers with the full time to live", async ({ client, prefix }) => {
    const { id } = await grant(client, 60);
    const stream = keepAlive(client);
    for (let i = 0; i < 3; i++) {
      stream.send({ id });
      const answer = await stream.next();
      assert.deepEqual([answer.id, answer.ttl], [id, 60]);
      assert.equal(revisionOf(answer), revisionOf(await range(client, prefix)));
    }
  });

  test("keep-alive of what is not there answers 0 and goes on", async ({ client }) => {
    const stream = keepAlive(client);
    stream.send({ id: 99_999n });
    assert.deepEqual([(await stream.next()).ttl], [0]);
    const { id } = await grant(client, 60);
    stream.send({ id });
    assert.equal((await stream.next()).ttl, 60);
  });

  test("one keep-alive stream serves many leases, in order", async ({ client }) => {
    const ids: bigint[] = [];
    for (let i = 0; i < 20; i++) ids.push((await grant(client, 60)).id);
    const stream = keepAlive(client);
    for (const id of ids) stream.send({ id });
    assert.deepEqual((await stream.take(20)).map((answer) => answer.id), ids);
  });

  test("keep-alive ends well when the client half-closes", async ({ client }) => {
    const { id } = await grant(client, 60);
    const stream = keepAlive(client);
    stream.send({ id });
    await stream.next();
    stream.halfClose();
    assert.equal((await stream.ended).code, GrpcCode.OK);
  });

  test("a lease that nobody keeps alive ends and takes its keys along", async (context) => {
    const { client, prefix } = context;
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix);
    const [ends, stays] = [await grant(client, 2), await grant(client, 60)];
    await put(client, `${prefix}b`, "1", { lease: ends.id });
    await put(client, `${prefix}a`, "1", { lease: ends.id });
    await put(client, `${prefix}c`, "1", { lease: stays.id });
    await watch.events(3);
    const gone = await watch.next(6_000);
    assert.deepEqual(changes(gone.events, prefix), ["-a", "-b"]);
    assert.deepEqual((await rangePrefix(client, prefix)).kvs.map((kv) => kv.key), [`${prefix}c`]);
    assert.equal((await timeToLive(client, ends.id)).ttl, -1);
    assert.ok(!(await leaseIds(client)).includes(ends.id));
  });

  test("a lease that is kept alive outlives its time", async ({ client, prefix }) => {
    const { id } = await grant(client, 2);
    await put(client, `${prefix}a`, "1", { lease: id });
    const stream = keepAlive(client);
    const end = performance.now() + 4_000;
    while (performance.now() < end) {
      stream.send({ id });
      assert.equal((await stream.next()).ttl, 2);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.equal((await range(client, `${prefix}a`)).count, 1);
  });

  test("a lease and its keys outlive a restart", async ({ client, prefix, server }) => {
    const { id } = await grant(client, 300);
    await put(client, `${prefix}a`, "1", { lease: id });
    await client.close();
    await server.kill();
    await server.restart();
    await withClient(server, async (client) => {
      const left = await timeToLive(client, id, true);
      assert.deepEqual([left.grantedTtl, left.keys], [300, [`${prefix}a`]]);
      await revoke(client, id);
      assert.equal((await range(client, `${prefix}a`)).count, 0);
    });
  });
});
