import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { LEASE_SERVICE, LOCK_SERVICE } from "../../../src/pb/services.ts";
import type { LockResponse } from "../../../src/pb/v3lockpb.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { eventually } from "../../harness/eventually.ts";
import { type GrpcClient, refusal, withClient } from "../../harness/grpc_client.ts";
import { deleteRange, put, range, rangePrefix, revisionOf } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

/** A call that waits must not be ended by its client's own deadline. */
const PATIENT = { deadlineMs: 20_000 };

async function grant(client: GrpcClient, ttl = 60): Promise<bigint> {
  return (await client.call(LEASE_SERVICE.leaseGrant, { ttl })).id;
}

function lock(client: GrpcClient, name: string, lease: bigint): Promise<LockResponse> {
  return client.call(LOCK_SERVICE.lock, { name, lease }, PATIENT);
}

async function unlock(client: GrpcClient, key: string): Promise<number> {
  return revisionOf(await client.call(LOCK_SERVICE.unlock, { key }));
}

/** How many hold the lock or wait for it. */
async function queueLength(client: GrpcClient, name: string): Promise<number> {
  return (await rangePrefix(client, `${name}/`)).kvs.length;
}

async function untilQueueHas(client: GrpcClient, name: string, count: number): Promise<void> {
  const holds = async () => await queueLength(client, name) === count;
  await eventually(`${count} are in the queue of ${name}`, holds);
}

describeBothTargets("lock", (test) => {
  test("makes a key of its name and the lease in hex", async ({ client, prefix }) => {
    const lease = await grant(client);
    const before = revisionOf(await range(client, prefix));
    const { key, header } = await lock(client, `${prefix}a`, lease);
    assert.equal(key, `${prefix}a/${lease.toString(16)}`);
    assert.equal(header?.revision, before + 1);
    const [pair] = (await range(client, key)).kvs;
    assert.deepEqual([pair.value.length, pair.lease], [0, lease]);
    assert.equal(await unlock(client, key), before + 2);
    assert.equal(await queueLength(client, `${prefix}a`), 0);
  });

  test("without a lease is on one of 60 seconds", async ({ client, prefix }) => {
    const { key } = await lock(client, prefix, 0n);
    const [pair] = (await range(client, key)).kvs;
    const times = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: pair.lease });
    assert.equal(times.grantedTtl, 60);
    assert.equal(key, `${prefix}/${pair.lease.toString(16)}`);
    await unlock(client, key);
  });

  test("is held by everybody who has the lease", async ({ client, prefix }) => {
    const lease = await grant(client);
    const first = await lock(client, prefix, lease);
    assert.deepEqual(await lock(client, prefix, lease), first);
  });

  test("takes an empty name, and keys that nobody holds are free", async ({ client, prefix }) => {
    const lease = await grant(client);
    const { key } = await lock(client, "", lease);
    assert.equal(key, `/${lease.toString(16)}`);
    await unlock(client, key);
    const before = revisionOf(await range(client, prefix));
    assert.equal(await unlock(client, `${prefix}none`), before);
  });

  test("refuses in words without a code", async ({ client, prefix }) => {
    assert.deepEqual(await refusal(lock(client, prefix, 99n)), {
      code: GrpcCode.Unknown,
      text: "etcdserver: requested lease not found",
    });
    assert.deepEqual(await refusal(unlock(client, "")), {
      code: GrpcCode.Unknown,
      text: "etcdserver: key is not provided",
    });
  });

  test("goes from one to the next in the order in which they came", async (context) => {
    const { client, prefix } = context;
    const order: number[] = [];
    const leases = await Promise.all([0, 1, 2, 3].map(() => grant(client)));
    const { key } = await lock(client, prefix, leases[0]);
    const waiting: Promise<void>[] = [];
    for (const i of [1, 2, 3]) {
      waiting.push(
        lock(client, prefix, leases[i]).then(async ({ key, header }) => {
          order.push(i);
          const [pair] = (await range(client, key)).kvs;
          assert.ok(
            (header?.revision ?? 0) > pair.createRevision,
            "the answer is of when it was got",
          );
          await unlock(client, key);
        }),
      );
      await untilQueueHas(client, prefix, i + 1);
    }
    assert.deepEqual(order, []);
    await unlock(client, key);
    await Promise.all(waiting);
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(await queueLength(client, prefix), 0);
  });

  test("a crowd has it one at a time", async ({ client, prefix, server }) => {
    let holders = 0;
    const work = async (): Promise<void> => {
      await withClient(server, async (own) => {
        const lease = await grant(own);
        for (let round = 0; round < 5; round++) {
          const { key } = await lock(own, prefix, lease);
          assert.equal(++holders, 1);
          await put(own, `${prefix}work`, "done");
          holders--;
          await unlock(own, key);
        }
      });
    };
    await Promise.all([work(), work(), work(), work()]);
    assert.equal(await queueLength(client, prefix), 0);
  });

  test("whoever stops waiting leaves the queue", async ({ client, prefix, server }) => {
    const { key } = await lock(client, prefix, await grant(client));
    const patient = await grant(client);
    const gone = withClient(server, (other) => {
      const call = other.call(LOCK_SERVICE.lock, { name: prefix, lease: 0n }, { deadlineMs: 400 });
      return refusal(call);
    });
    await untilQueueHas(client, prefix, 2);
    const next = lock(client, prefix, patient);
    assert.equal((await gone).code, GrpcCode.DeadlineExceeded);
    await untilQueueHas(client, prefix, 2);
    await unlock(client, key);
    assert.equal((await next).key, `${prefix}/${patient.toString(16)}`);
  });

  test("whoever is disconnected leaves the queue", async ({ client, prefix, server }) => {
    const { key } = await lock(client, prefix, await grant(client));
    await withClient(server, async (other) => {
      const stream = other.open(LOCK_SERVICE.lock);
      stream.send({ name: prefix, lease: 0n });
      await untilQueueHas(client, prefix, 2);
    });
    await untilQueueHas(client, prefix, 1);
    await unlock(client, key);
  });

  test("passes on when the holder's lease ends", async ({ client, prefix }) => {
    await lock(client, prefix, await grant(client, 2));
    const lease = await grant(client);
    const { key } = await lock(client, prefix, lease);
    assert.equal(key, `${prefix}/${lease.toString(16)}`);
    assert.equal(await queueLength(client, prefix), 1);
  });

  test("passes on when the holder's lease is revoked", async ({ client, prefix }) => {
    const holder = await grant(client);
    await lock(client, prefix, holder);
    const next = lock(client, prefix, await grant(client));
    await untilQueueHas(client, prefix, 2);
    await client.call(LEASE_SERVICE.leaseRevoke, { id: holder });
    await next;
  });

  test("outlives the server that granted it", async ({ client, prefix, server }) => {
    const lease = await grant(client);
    const { key } = await lock(client, prefix, lease);
    await client.close();
    await server.kill();
    await server.restart();
    await withClient(server, async (again) => {
      assert.equal((await lock(again, prefix, lease)).key, key);
      const next = lock(again, prefix, await grant(again));
      await untilQueueHas(again, prefix, 2);
      await unlock(again, key);
      await next;
    });
  });

  test("waits for keys in its place whoever made them", async ({ client, prefix }) => {
    await put(client, `${prefix}/by hand`, "");
    const next = lock(client, prefix, await grant(client));
    await untilQueueHas(client, prefix, 2);
    await deleteRange(client, `${prefix}/by hand`);
    await next;
  });
});

describeBothTargets("lock of etcd 3.7", (test) => {
  test("is refused to whose own lease has ended meanwhile", async ({ client, prefix }) => {
    const { key } = await lock(client, prefix, await grant(client));
    const late = refusal(lock(client, prefix, await grant(client, 2)));
    await untilQueueHas(client, prefix, 2);
    await untilQueueHas(client, prefix, 1);
    await unlock(client, key);
    assert.deepEqual(await late, { code: GrpcCode.Unknown, text: "mutex: session is expired" });
  });
}, { targets: NEWER_TARGET_NAMES });
