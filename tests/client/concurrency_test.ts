import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { Client } from "../../src/embed/client/client.ts";
import { connect } from "../../src/embed/client/connect.ts";
import type { HeldLock } from "../../src/embed/client/concurrency/mutex.ts";
import { LOCK_SERVICE } from "../../src/pb/services.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";
import { eventually } from "../harness/eventually.ts";
import { RunningEtcdctl } from "../harness/running_etcdctl.ts";

async function untilQueueHas(client: Client, name: string, count: number): Promise<void> {
  await eventually(`${count} are in the queue of ${name}`, async () => {
    const queue = await client.range(`${name}/`, { prefix: true, countOnly: true });
    return queue.count === count;
  });
}

describeBothTargets("client", (test) => {
  const define = (
    name: string,
    body: (client: Client, context: TestContext) => Promise<void>,
  ): void =>
    test(name, async (context) => {
      await using client = await connect(context.server.endpoint);
      await body(client, context);
    });

  define("Session keeps its lease alive and takes its keys with it", async (client, context) => {
    const { prefix } = context;
    {
      await using session = await client.session({ ttlSeconds: 2 });
      await client.put(prefix, "1", { lease: session.id });
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      assert.equal((await client.get(prefix))?.lease, session.id);
      assert.ok(!session.lost.aborted);
    }
    assert.equal(await client.get(prefix), undefined);
  });

  define("Session tells when its lease is lost", async (client) => {
    await using session = await client.session({ ttlSeconds: 2 });
    await client.lease(session.id, 2).revoke();
    const error = await session.done;
    assert.equal(error?.code, GrpcCode.NotFound);
    assert.equal(session.lost.reason, error);
  });

  define("Session takes over a lease, and lets it live when it is orphaned", async (client) => {
    const lease = await client.grantLease(60);
    const session = await client.session({ lease: lease.id });
    assert.deepEqual([session.id, session.lease.ttlSeconds], [lease.id, 60]);
    session.orphan();
    assert.equal(await session.done, undefined);
    assert.ok((await lease.timeToLive()).remainingSeconds > 0);
    await assert.rejects(client.session({ lease: 99n }), { code: GrpcCode.NotFound });
  });

  define("Mutex is held by one session at a time", async (client, { prefix }) => {
    await using first = await client.session();
    await using second = await client.session();
    let order = "";
    const held = await first.mutex(prefix).lock();
    assert.equal(held.key, `${prefix}/${first.id.toString(16)}`);
    assert.equal(await second.mutex(prefix).tryLock(), undefined);
    const next = second.mutex(prefix).lock().then((lock) => {
      order += "b";
      return lock;
    });
    await untilQueueHas(client, prefix, 2);
    assert.ok((await client.txn().if(held.isOwner).commit()).succeeded);
    order += "a";
    await held.release();
    await using lock = await next;
    assert.equal(order, "ab");
    assert.ok(lock.createRevision > held.createRevision);
    assert.ok(!(await client.txn().if(held.isOwner).commit()).succeeded);
    await held.release();
    assert.ok((await client.txn().if(lock.isOwner).commit()).succeeded, "it lets go only once");
  });

  define("lock() lets a crowd in one by one", async (client, { prefix }) => {
    const counter = `${prefix}counter`;
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 3; round++) {
        await using _lock = await client.lock(prefix);
        const count = Number((await client.get(counter))?.text ?? 0);
        await client.put(counter, String(count + 1));
      }
    }));
    assert.equal((await client.get(counter))?.text, "24");
    await untilQueueHas(client, prefix, 0);
    const lease = (await client.leases()).length;
    await using free = await client.tryLock(prefix);
    assert.ok(free !== undefined);
    assert.equal((await client.leases()).length, lease + 1, "each lock has a lease of its own");
  });

  define("Mutex.lock() gives up and leaves nothing behind", async (client, { prefix }) => {
    await using _held = await client.lock(prefix);
    await assert.rejects(client.lock(prefix, { timeoutMs: 300 }), {
      code: GrpcCode.DeadlineExceeded,
    });
    await untilQueueHas(client, prefix, 1);
    await using session = await client.session({ ttlSeconds: 2 });
    const controller = new AbortController();
    const waiting = session.mutex(prefix).lock({ signal: controller.signal });
    await untilQueueHas(client, prefix, 2);
    controller.abort("enough");
    await assert.rejects(waiting, { code: GrpcCode.Canceled, cause: "enough" });
    await untilQueueHas(client, prefix, 1);
    const lost = session.mutex(prefix).lock();
    await untilQueueHas(client, prefix, 2);
    await client.lease(session.id, 60).revoke();
    await assert.rejects(lost, {
      code: GrpcCode.FailedPrecondition,
      message: "mutex: session is expired",
    });
  });

  define("lock() contends with the service Lock", async (client, { client: grpc, prefix }) => {
    const { key } = await grpc.call(LOCK_SERVICE.lock, { name: prefix });
    assert.equal(await client.tryLock(prefix), undefined);
    const waiting = client.lock(prefix);
    await untilQueueHas(client, prefix, 2);
    await grpc.call(LOCK_SERVICE.unlock, { key });
    const held = await waiting;
    const next = grpc.call(LOCK_SERVICE.lock, { name: prefix });
    await untilQueueHas(client, prefix, 2);
    await held.release();
    await grpc.call(LOCK_SERVICE.unlock, { key: (await next).key });
    await untilQueueHas(client, prefix, 0);
  });

  define("lock() contends with etcdctl lock", async (client, { prefix, server }) => {
    await using first = RunningEtcdctl.start(server, ["lock", prefix]);
    const key = await first.line();
    assert.ok(key.startsWith(`${prefix}/`), key);
    assert.equal(await client.tryLock(prefix), undefined);
    const waiting: Promise<HeldLock> = client.lock(prefix);
    await untilQueueHas(client, prefix, 2);
    await using second = RunningEtcdctl.start(server, ["lock", prefix]);
    await untilQueueHas(client, prefix, 3);
    await first.interrupt();
    const held = await waiting;
    assert.equal(second.waiting, 0);
    await held.release();
    const last = await second.line();
    assert.ok(last !== key && last.startsWith(`${prefix}/`), last);
    await second.interrupt();
    await untilQueueHas(client, prefix, 0);
  });

  define("Election goes from one session to the next", async (client, { prefix }) => {
    await using first = await client.session();
    await using second = await client.session();
    const election = client.election(prefix);
    assert.equal(await election.leader(), undefined);
    const leadership = await first.election(prefix).campaign("a");
    assert.equal(leadership.key, `${prefix}/${first.id.toString(16)}`);
    const next = second.election(prefix).campaign("b");
    await untilQueueHas(client, prefix, 2);
    await leadership.proclaim("a2");
    assert.equal((await election.leader())?.text, "a2");
    const again = await first.election(prefix).campaign("a3");
    assert.equal(again.createRevision, leadership.createRevision);
    const { keyBytes, createRevision } = leadership;
    await first.election(prefix).resume(keyBytes, createRevision).proclaim("a4");
    assert.equal((await election.leader())?.text, "a4");
    await leadership.resign();
    await using successor = await next;
    assert.equal((await election.leader())?.text, "b");
    assert.ok((await client.txn().if(successor.isLeader).commit()).succeeded);
    await assert.rejects(leadership.proclaim("too late"), {
      code: GrpcCode.FailedPrecondition,
      message: "election: not leader",
    });
    await leadership.resign();
  });

  define("Election.observe() tells leaders and what they say", async (client, { prefix }) => {
    const seen: string[] = [];
    const observed = (async () => {
      for await (const { text } of client.election(prefix).observe()) {
        seen.push(text);
        if (text === "done") return;
      }
    })();
    const saw = (text: string) =>
      eventually(`${text} was observed`, () => Promise.resolve(seen.at(-1) === text));
    {
      await using leadership = await client.election(prefix).campaign("a");
      await saw("a");
      await leadership.proclaim("a2");
      await saw("a2");
    }
    await using leadership = await client.election(prefix).campaign("b");
    await saw("b");
    await leadership.proclaim("done");
    await observed;
    assert.deepEqual(seen, ["a", "a2", "b", "done"]);
    const controller = new AbortController();
    const { signal } = controller;
    await assert.rejects(async () => {
      for await (const _pair of client.election(prefix).observe({ signal })) controller.abort();
    }, { code: GrpcCode.Canceled });
  });

  define("Election.campaign() gives up and leaves nothing behind", async (client, { prefix }) => {
    await using leadership = await client.election(prefix).campaign("a");
    await assert.rejects(client.election(prefix).campaign("b", { timeoutMs: 300 }), {
      code: GrpcCode.DeadlineExceeded,
    });
    await untilQueueHas(client, prefix, 1);
    assert.ok(!leadership.lost.aborted);
  });

  define("Election works together with etcdctl elect", async (client, { prefix, server }) => {
    await using first = RunningEtcdctl.start(server, ["elect", prefix, "ctl"]);
    const key = await first.line();
    assert.equal(await first.line(), "ctl");
    assert.equal((await client.election(prefix).leader())?.key, key);
    await using observer = RunningEtcdctl.start(server, ["elect", "-l", prefix]);
    assert.deepEqual([await observer.line(), await observer.line()], [key, "ctl"]);
    const waiting = client.election(prefix).campaign("ours");
    await untilQueueHas(client, prefix, 2);
    await first.interrupt();
    const leadership = await waiting;
    assert.deepEqual([await observer.line(), await observer.line()], [leadership.key, "ours"]);
    await leadership.proclaim("still ours");
    assert.deepEqual([await observer.line(), await observer.line()], [
      leadership.key,
      "still ours",
    ]);
    await using second = RunningEtcdctl.start(server, ["elect", prefix, "ctl again"]);
    await untilQueueHas(client, prefix, 2);
    assert.equal(second.waiting, 0);
    await leadership.resign();
    assert.deepEqual([await observer.line(), await observer.line()], [
      await second.line(),
      await second.line(),
    ]);
  });
});
