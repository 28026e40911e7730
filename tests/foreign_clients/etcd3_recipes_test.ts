import assert from "node:assert/strict";
import { once } from "node:events";
import { Etcd3, EtcdLockFailedError } from "../../src/deps/etcd3.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import type { TargetName } from "../harness/targets.ts";

const TARGETS: readonly TargetName[] = ["etcd", "etcd-3.7", "detcd"];

/** A client with a connection of its own; with credentials it logs in before its first call. */
function connectTo(endpoint: string, auth?: { username: string; password: string }): Etcd3 {
  return new Etcd3({
    hosts: `http://${endpoint}`,
    grpcOptions: { "grpc.use_local_subchannel_pool": 1 },
    ...(auth === undefined ? {} : { auth }),
  });
}

/** Runs work with several clients, each with a connection of its own, and closes them. */
async function withClients(
  endpoint: string,
  count: number,
  work: (clients: readonly Etcd3[]) => Promise<void>,
): Promise<void> {
  const clients = Array.from({ length: count }, () => connectTo(endpoint));
  try {
    await work(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Tries until it has the lock, since the client's own lock does not wait. */
async function underLock(client: Etcd3, name: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await client.lock(name).ttl(30).do(work);
    } catch (error) {
      if (!(error instanceof EtcdLockFailedError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

/** Collects the values that an observer of an election sees. */
class LeaderWatch {
  readonly #seen: (string | undefined)[] = [];
  #wake: () => void = () => {};

  constructor(observer: { on(event: "change", handler: (value?: string) => void): unknown }) {
    observer.on("change", (value) => {
      this.#seen.push(value);
      this.#wake();
    });
  }

  async until(value: string): Promise<void> {
    while (this.#seen.at(-1) !== value) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

describeBothTargets("etcd3 from npm at work", (test) => {
  test("locks let many clients count without losing a step", ({ server, prefix }) =>
    withClients(server.endpoint, 4, async (clients) => {
      const key = `${prefix}counter`;
      await clients[0].put(key).value(0);
      let inside = 0;
      await Promise.all(clients.map(async (client) => {
        for (let i = 0; i < 5; i++) {
          await underLock(client, `${prefix}lock`, async () => {
            assert.equal(++inside, 1, "nobody else holds the lock");
            await client.put(key).value((await client.get(key).number() ?? NaN) + 1);
            inside--;
          });
        }
      }));
      assert.equal(await clients[0].get(key).number(), 20);
    }));

  test("a lock whose lease is taken away is free for others", ({ server, prefix }) =>
    withClients(server.endpoint, 2, async ([first, second]) => {
      const held = first.lock(`${prefix}lock`).ttl(30);
      await held.acquire();
      await assert.rejects(second.lock(`${prefix}lock`).acquire(), EtcdLockFailedError);
      await first.leaseClient.leaseRevoke({ ID: await held.leaseId() ?? "" });
      const next = second.lock(`${prefix}lock`).ttl(30);
      await next.acquire();
      await next.release();
    }));

  test("a candidate leads when the one before resigns, and observers see it", (context) =>
    withClients(context.server.endpoint, 3, async (clients) => {
      const elections = clients.map((client) => client.election(`${context.prefix}seat`, 30));
      const observer = await elections[2].observe();
      const leaders = new LeaderWatch(observer);
      const first = elections[0].campaign("first");
      await first.wait();
      await leaders.until("first");
      const second = elections[1].campaign("second");
      let isElected = false;
      // Who asks after the event waits for ever, so this begins before it can happen.
      const elected = second.wait().then(() => isElected = true);
      await first.proclaim("first, again");
      await leaders.until("first, again");
      assert.equal(isElected, false);
      assert.equal(await elections[1].leader(), "first, again");
      await first.resign();
      await elected;
      await leaders.until("second");
      await second.resign();
      await observer.cancel();
    }));

  test("a leader whose lease is lost is replaced", ({ server, prefix }) =>
    withClients(server.endpoint, 2, async ([first, second]) => {
      const campaign = first.election(`${prefix}seat`, 2).campaign("first");
      await campaign.wait();
      const lost = once(campaign, "error");
      const key = await campaign.getCampaignKey();
      const next = second.election(`${prefix}seat`, 2).campaign("second");
      const elected = next.wait();
      const pair = await first.get(key).exec();
      await first.leaseClient.leaseRevoke({ ID: pair.kvs[0].lease });
      await elected;
      await lost;
      assert.equal(await second.election(`${prefix}seat`).leader(), "second");
      await next.resign();
    }));

  test("a client learns that its lease is gone", ({ server, prefix }) =>
    withClients(server.endpoint, 1, async ([client]) => {
      const lease = client.lease(2);
      await lease.put(`${prefix}a`).value("1");
      const lost = new Promise((resolve) => lease.on("lost", resolve));
      await client.leaseClient.leaseRevoke({ ID: await lease.grant() });
      await lost;
      assert.equal(await client.get(`${prefix}a`).exists(), false);
      await assert.rejects(Promise.resolve(lease.put(`${prefix}b`).value("2").exec()));
    }));

  test("a namespace hides its prefix from reads, watches and locks", ({ server, prefix }) =>
    withClients(server.endpoint, 1, async ([client]) => {
      const space = client.namespace(`${prefix}space/`);
      const watcher = await space.watch().prefix("").create();
      const put = once(watcher, "put");
      await client.put(`${prefix}outside`).value("0");
      await space.put("inside").value("1");
      const [pair] = await put;
      assert.equal(String(pair.key), "inside");
      await watcher.cancel();
      assert.deepEqual(await space.getAll().strings(), { inside: "1" });
      assert.equal(await client.get(`${prefix}space/inside`).string(), "1");
      await space.lock("lock").do(async () => {
        const keys = await client.getAll().prefix(`${prefix}space/lock`).keys();
        assert.equal(keys.length, 1);
      });
    }));

  test("a watcher goes on from the revision it asks for, with pairs before", (context) =>
    withClients(context.server.endpoint, 1, async ([client]) => {
      const key = `${context.prefix}a`;
      const { header } = await client.put(key).value("1").exec();
      await client.put(key).value("2");
      const watcher = await client.watch().key(key).startRevision(header.revision)
        .withPreviousKV().create();
      const seen: string[] = [];
      await new Promise<void>((resolve) => {
        watcher.on("put", (kv, previous) => {
          seen.push(`${previous?.value.toString() ?? "-"} -> ${kv.value.toString()}`);
          if (seen.length === 2) resolve();
        });
      });
      await watcher.cancel();
      assert.deepEqual(seen, ["- -> 1", "1 -> 2"]);
    }));

  test("a software transaction commits unless another one was faster", ({ server, prefix }) =>
    withClients(server.endpoint, 2, async ([first, second]) => {
      const [a, b] = [`${prefix}a`, `${prefix}b`];
      await first.put(a).value(100);
      await first.stm().transact(async (tx) => {
        const left = await tx.get(a).number() ?? NaN;
        await tx.put(a).value(left - 7);
        await tx.put(b).value(7);
      });
      assert.deepEqual(await first.getAll().prefix(prefix).numbers(), { [a]: 93, [b]: 7 });
      const slow = first.stm({ retries: 0 }).transact(async (tx) => {
        const left = await tx.get(a).number() ?? NaN;
        await second.put(a).value(50);
        await tx.put(a).value(left - 7);
      });
      await assert.rejects(slow, /conflict/);
      assert.equal(await first.get(a).number(), 50);
    }));

  test("users do what their roles allow", ({ server, prefix }) =>
    withClients(server.endpoint, 1, async ([client]) => {
      const root = client.user("root");
      await root.create("secret");
      await root.addRole("root");
      const role = client.role("app");
      await role.create();
      await role.grant({ permission: "Readwrite", range: client.range({ prefix }) });
      const ada = client.user("ada");
      await ada.create("pw");
      await ada.addRole("app");
      await client.auth.authEnable();
      const asRoot = connectTo(server.endpoint, { username: "root", password: "secret" });
      const asAda = connectTo(server.endpoint, { username: "ada", password: "pw" });
      try {
        await asAda.put(`${prefix}a`).value("1");
        assert.equal(await asAda.get(`${prefix}a`).string(), "1");
        await assert.rejects(asAda.put(`outside${prefix}`).value("1").exec(), /permission denied/);
        await assert.rejects(client.get(`${prefix}a`).exec(), /user name is empty/);
        const stranger = connectTo(server.endpoint, { username: "ada", password: "wrong" });
        await assert.rejects(stranger.get(`${prefix}a`).exec(), /authentication failed/);
        stranger.close();
      } finally {
        await asRoot.auth.authDisable();
        asRoot.close();
        asAda.close();
      }
    }));
}, { targets: TARGETS });
