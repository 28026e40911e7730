import assert from "node:assert/strict";
import { Etcd3, EtcdLockFailedError } from "../../src/deps/etcd3.ts";
import { eventually } from "../harness/eventually.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";

/** Runs work with the npm client and closes it again. */
async function withEtcd3(
  { server }: TestContext,
  work: (client: Etcd3) => Promise<void>,
): Promise<void> {
  const client = new Etcd3({
    hosts: `http://${server.endpoint}`,
    grpcOptions: { "grpc.use_local_subchannel_pool": 1 },
  });
  try {
    await work(client);
  } finally {
    client.close();
  }
}

describeBothTargets("etcd3 from npm", (test) => {
  test("puts, gets and deletes", (context) =>
    withEtcd3(context, async (client) => {
      const { prefix } = context;
      await client.put(`${prefix}a`).value("1");
      assert.equal(await client.get(`${prefix}a`).string(), "1");
      assert.equal(await client.get(`${prefix}none`).string(), null);
      assert.equal(await client.put(`${prefix}b`).value(42).exec().then(() => true), true);
      assert.equal(await client.get(`${prefix}b`).number(), 42);
      assert.equal(await client.get(`${prefix}a`).exists(), true);
      assert.equal((await client.delete().key(`${prefix}a`).exec()).deleted, "1");
      assert.equal(await client.get(`${prefix}a`).exists(), false);
    }));

  test("reads many, sorted and limited", (context) =>
    withEtcd3(context, async (client) => {
      const space = client.namespace(context.prefix);
      for (const name of ["c", "a", "b"]) await space.put(name).value(`v${name}`);
      assert.deepEqual(await space.getAll().strings(), { a: "va", b: "vb", c: "vc" });
      assert.deepEqual(await space.getAll().sort("Key", "Descend").limit(2).keys(), ["c", "b"]);
      assert.equal(await space.getAll().count(), 3);
      await space.delete().all();
      assert.equal(await space.getAll().count(), 0);
    }));

  test("transactions compare and branch", (context) =>
    withEtcd3(context, async (client) => {
      const key = `${context.prefix}a`;
      const attempt = async (): Promise<boolean> =>
        (await client.if(key, "Create", "==", 0)
          .then(client.put(key).value("first"))
          .else(client.get(key))
          .commit()).succeeded;
      assert.deepEqual([await attempt(), await attempt()], [true, false]);
      assert.equal(await client.get(key).string(), "first");
    }));

  test("watches see puts and deletes", (context) =>
    withEtcd3(context, async (client) => {
      const { prefix } = context;
      const watcher = await client.watch().prefix(prefix).create();
      const seen: string[] = [];
      const isDone = new Promise<void>((resolve) => {
        watcher.on("put", (kv) => seen.push(`+${kv.key.toString()}=${kv.value.toString()}`));
        watcher.on("delete", (kv) => {
          seen.push(`-${kv.key.toString()}`);
          resolve();
        });
      });
      await client.put(`${prefix}a`).value("1");
      await client.put(`${prefix}b`).value("2");
      await client.delete().key(`${prefix}a`);
      await isDone;
      await watcher.cancel();
      assert.deepEqual(seen, [`+${prefix}a=1`, `+${prefix}b=2`, `-${prefix}a`]);
    }));

  test("a lease holds keys until it is revoked", (context) =>
    withEtcd3(context, async (client) => {
      const { prefix } = context;
      const lease = client.lease(30);
      await lease.put(`${prefix}a`).value("1");
      assert.equal(await client.get(`${prefix}a`).string(), "1");
      await lease.keepaliveOnce();
      await lease.revoke();
      assert.equal(await client.get(`${prefix}a`).exists(), false);
    }));

  test("a lock is held by one at a time", (context) =>
    withEtcd3(context, async (client) => {
      const name = `${context.prefix}lock`;
      const first = client.lock(name);
      await first.acquire();
      await assert.rejects(client.lock(name).acquire(), EtcdLockFailedError);
      await first.release();
      const second = client.lock(name);
      await second.acquire();
      await second.release();
    }));

  test("a lock is passed on when it is released, and held while work is done", (context) =>
    withEtcd3(context, async (client) => {
      const name = `${context.prefix}lock`;
      const holder = client.lock(name).ttl(2);
      await holder.acquire();
      await assert.rejects(client.lock(name).acquire(), EtcdLockFailedError);
      await holder.release();
      const done = await client.lock(name).do(() => Promise.resolve("done"));
      assert.equal(done, "done");
    }));

  test("an election goes from one candidate to the next", (context) =>
    withEtcd3(context, async (client) => {
      const election = client.election(`${context.prefix}election`, 2);
      const observer = await election.observe();
      const leaders: (string | undefined)[] = [];
      observer.on("change", (leader) => leaders.push(leader));
      const saw = (leader: string) =>
        eventually(`${leader} leads`, () => Promise.resolve(leaders.at(-1) === leader));
      const first = election.campaign("first");
      await first.wait();
      await saw("first");
      const second = election.campaign("second");
      // Whoever asks only once it is elected would wait for ever.
      const elected = second.wait();
      await first.proclaim("still first");
      await saw("still first");
      assert.equal(await election.leader(), "still first");
      await first.resign();
      await elected;
      await saw("second");
      await second.resign();
      await eventually("nobody leads", async () => await election.leader() === undefined);
      await observer.cancel();
    }));

  test("a lease that is not kept alive is lost", (context) =>
    withEtcd3(context, async (client) => {
      const lease = client.lease(2, { autoKeepAlive: false });
      await lease.put(`${context.prefix}a`).value("1");
      const lost = new Promise<void>((resolve) => lease.once("lost", () => resolve()));
      await eventually("its keys are gone", async () => {
        return !await client.get(`${context.prefix}a`).exists();
      });
      await assert.rejects(lease.keepaliveOnce());
      await lost;
    }));

  test("transactions in a loop count without losing a step", (context) =>
    withEtcd3(context, async (client) => {
      const key = `${context.prefix}counter`;
      await client.put(key).value(0);
      const add = async (): Promise<void> => {
        for (let isDone = false; !isDone;) {
          const before = await client.get(key).string();
          const result = await client.if(key, "Value", "==", before ?? "")
            .then(client.put(key).value(Number(before) + 1))
            .commit();
          isDone = result.succeeded;
        }
      };
      await Promise.all(Array.from({ length: 5 }, async () => {
        for (let i = 0; i < 5; i++) await add();
      }));
      assert.equal(await client.get(key).number(), 25);
    }));

  test("maintenance and members", (context) =>
    withEtcd3(context, async (client) => {
      const status = await client.maintenance.status();
      assert.match(status.version, /^3\./);
      const { members } = await client.cluster.memberList({});
      assert.deepEqual(members.map((member) => member.name), ["default"]);
    }));
});
