import assert from "node:assert/strict";
import { textFromBytes } from "../../src/base/bytes.ts";
import { Compare, CompareResult, CompareTarget } from "../../src/pb/etcdserverpb.ts";
import { LEASE_SERVICE } from "../../src/pb/services.ts";
import type { GrpcClient } from "../harness/grpc_client.ts";
import {
  deleteOp,
  deleteRange,
  pairs,
  put,
  putOp,
  range,
  rangeOp,
  revisionOf,
  txn,
} from "../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES, whyMissing } from "../harness/targets.ts";
import { LEASING_PREFIX, withLeasedProxies } from "./leased_scene.ts";

/** The value of a key, as one reads it through a proxy. */
async function valueAt(client: GrpcClient, key: string): Promise<string | undefined> {
  const [pair] = (await range(client, key)).kvs;
  return pair && textFromBytes(pair.value);
}

const READS = 20;

for (const target of NEWER_TARGET_NAMES) {
  const missing = whyMissing(target);
  const ignore = missing !== undefined;
  const title = ignore ? `[${target}] not run: ${missing}` : `[${target}]`;

  Deno.test({
    name: `leasing ${title} answers reads of keys that it owns without the servers`,
    ignore,
    fn: () =>
      withLeasedProxies([target], async (scene) => {
        const { direct, clients: [client] } = scene;
        await put(direct, "k", "v");
        const ownership = await scene.own(client, "k");
        assert.equal(textFromBytes(ownership.value), "");
        assert.notEqual(ownership.lease, 0n);
        await scene.own(client, "missing");
        const { kvs: [expected] } = await range(direct, "k");
        const count = await scene.requestsDuring(async () => {
          for (let i = 0; i < READS; i++) {
            assert.deepEqual((await range(client, "k")).kvs, [expected]);
            assert.deepEqual((await range(client, "missing")).kvs, []);
          }
          const [pair] = (await range(client, "k", { keysOnly: true })).kvs;
          assert.equal(pair.value.length, 0);
          assert.deepEqual((await range(client, "k", { countOnly: true })).kvs, []);
          assert.equal((await range(client, "k", { countOnly: true })).count, 1);
          const newer = { minModRevision: pair.modRevision + 1 };
          assert.deepEqual((await range(client, "k", newer)).kvs, []);
          assert.deepEqual((await range(client, "k", { serializable: true })).kvs, [expected]);
        });
        assert.equal(count, 0);
        if (target !== "detcd") return;
        const { proxies: [proxy] } = scene;
        assert(await proxy.metric("detcd_grpc_proxy_leased_answers_total") >= 2 * READS);
        assert.equal(await proxy.metric("detcd_grpc_proxy_leased_keys"), 2);
        assert(await proxy.metric("detcd_grpc_proxy_leased_bytes") > 0);
      }),
  });

  Deno.test({
    name: `leasing ${title} knows what its own writes have made of a key`,
    ignore,
    fn: () =>
      withLeasedProxies([target], async (scene) => {
        const { direct, clients: [client] } = scene;
        await scene.own(client, "k");
        const writes: (() => Promise<unknown>)[] = [
          () => put(client, "k", "1"),
          () => put(client, "k", "2"),
          () => deleteRange(client, "k"),
          () => put(client, "k", "3"),
          () => txn(client, { success: [putOp("k", "4"), putOp("other", "x")] }),
          () => deleteRange(client, "a", { rangeEnd: "l" }),
          () => put(client, "k", "5"),
          () => txn(client, { success: [deleteOp("k")] }),
        ];
        for (const write of writes) {
          assert.equal(await scene.requestsDuring(write) > 0, true);
          let seen: unknown;
          const reads = await scene.requestsDuring(async () => {
            seen = (await range(client, "k")).kvs;
          });
          assert.deepEqual(seen, (await range(direct, "k")).kvs);
          assert.equal(reads, 0);
        }
        assert.notEqual(await scene.ownership("k"), undefined);
      }),
  });

  Deno.test({
    name: `leasing ${title} decides transactions by keys that it owns`,
    ignore,
    fn: () =>
      withLeasedProxies([target], async (scene) => {
        const { direct, clients: [client] } = scene;
        await put(direct, "k", "v");
        await scene.own(client, "k");
        const isCreated = Compare.create({
          key: "k",
          target: CompareTarget.VERSION,
          result: CompareResult.EQUAL,
          version: 1,
        });
        const isMissing = { ...isCreated, version: 0 };
        const count = await scene.requestsDuring(async () => {
          const read = await txn(client, { compare: [isCreated], success: [rangeOp("k")] });
          assert.equal(read.succeeded, true);
          assert.deepEqual(pairs(read.responses[0].responseRange?.kvs ?? []), ["k=v"]);
          const unmet = await txn(client, {
            compare: [isMissing],
            success: [putOp("k", "never")],
            failure: [rangeOp("k")],
          });
          assert.equal(unmet.succeeded, false);
          assert.deepEqual(pairs(unmet.responses[0].responseRange?.kvs ?? []), ["k=v"]);
        });
        assert.equal(count, 0);
        // What writes goes to the servers, whatever it depends on.
        const written = await txn(client, { compare: [isCreated], success: [putOp("k", "w")] });
        assert.equal(written.succeeded, true);
        assert.equal(await valueAt(direct, "k"), "w");
      }),
  });

  Deno.test({
    name: `leasing ${title} puts the leasing keys into the namespace`,
    ignore,
    fn: () =>
      withLeasedProxies([target], async (scene) => {
        const { direct, clients: [client] } = scene;
        await put(direct, "app/k", "v");
        await scene.own(client, "k", "app/");
        assert.equal(await scene.requestsDuring(() => range(client, "k")), 0);
        assert.equal(await valueAt(client, "k"), "v");
        const [{ key }] = (await range(client, "k")).kvs;
        assert.equal(key, "k");
        await put(client, "k", "w");
        assert.equal(await valueAt(direct, "app/k"), "w");
        assert.equal(await valueAt(client, "k"), "w");
      }, { flags: ["--namespace=app/"] }),
  });

  Deno.test({
    name: `leasing ${title} does not acquire what hangs on a lease of a client`,
    ignore,
    fn: () =>
      withLeasedProxies([target], async (scene) => {
        const { direct, clients: [client] } = scene;
        const { id } = await direct.call(LEASE_SERVICE.leaseGrant, { ttl: 60 });
        await put(direct, "leased", "v", { lease: id });
        await scene.own(client, "k");
        assert.equal(await valueAt(client, "leased"), "v");
        assert.equal(await scene.ownership("leased"), undefined);
        await direct.call(LEASE_SERVICE.leaseRevoke, { id });
        assert.equal(await valueAt(client, "leased"), undefined);
      }),
  });

  Deno.test({
    name: `leasing ${title} leaves keys on a lease that ends when the proxy is killed`,
    ignore,
    fn: () =>
      withLeasedProxies([target, target], async (scene) => {
        const { direct, clients: [client, other], proxies: [proxy] } = scene;
        await put(direct, "k", "v");
        const { lease } = await scene.own(client, "k");
        const { grantedTtl, ttl, keys } = await direct.call(LEASE_SERVICE.leaseTimeToLive, {
          id: lease,
          keys: true,
        });
        assert.equal(grantedTtl, 60);
        assert(ttl > 0);
        assert(keys.includes(`${LEASING_PREFIX}k`));
        await proxy[Symbol.asyncDispose]();
        let isWritten = false;
        const writing = put(other, "k", "w").then(() => isWritten = true);
        // The write asks for the key, and waits for somebody who does not answer.
        let ownership = await scene.ownership("k");
        while (ownership !== undefined && textFromBytes(ownership.value) !== "REVOKE") {
          ownership = await scene.ownership("k");
        }
        assert.equal(ownership?.lease, lease);
        assert.equal(isWritten, false);
        assert.equal(await valueAt(other, "k"), "v");
        await scene.endLease(lease);
        await writing;
        assert.equal(await valueAt(other, "k"), "w");
      }),
  });

  for (const otherTarget of NEWER_TARGET_NAMES) {
    const isHere = whyMissing(otherTarget) === undefined;

    Deno.test({
      name: `leasing ${title} lets go of keys that ${otherTarget} writes`,
      ignore: ignore || !isHere,
      fn: () =>
        withLeasedProxies([target, otherTarget], async (scene) => {
          const { direct, clients: [client, other] } = scene;
          const writes: [string, (key: string) => Promise<unknown>, string | undefined][] = [
            ["k1", (key) => put(other, key, "w"), "w"],
            ["k2", (key) => deleteRange(other, key), undefined],
            ["k3", (key) => deleteRange(other, key, { rangeEnd: `${key}\0` }), undefined],
            ["k4", (key) => txn(other, { success: [putOp(key, "t"), putOp("kx", "t")] }), "t"],
            [
              "k5",
              (key) => txn(other, { success: [deleteOp(key, { rangeEnd: "k6" })] }),
              undefined,
            ],
          ];
          for (const [key, write, expected] of writes) {
            await put(direct, key, "v");
            const { lease } = await scene.own(client, key);
            assert.equal(await valueAt(client, key), "v");
            await write(key);
            assert.notEqual((await scene.ownership(key))?.lease, lease);
            assert.equal(await valueAt(client, key), expected);
            assert.equal(await valueAt(other, key), expected);
            assert.equal(await valueAt(direct, key), expected);
          }
        }),
    });

    Deno.test({
      name: `leasing ${title} and ${otherTarget} take a key from each other again and again`,
      ignore: ignore || !isHere,
      fn: () =>
        withLeasedProxies([target, otherTarget], async (scene) => {
          const { clients } = scene;
          let revision = 0;
          for (let i = 0; i < 6; i++) {
            const [writer, reader] = [clients[i % 2], clients[(i + 1) % 2]];
            const written = revisionOf(await put(writer, "k", String(i)));
            assert(written > revision);
            revision = written;
            assert.equal(await valueAt(reader, "k"), String(i));
            assert.equal(await valueAt(writer, "k"), String(i));
          }
        }),
    });
  }
}

for (const server of ["etcd", "etcd-3.7"] as const) {
  const missing = whyMissing(server);
  Deno.test({
    name: missing === undefined
      ? `leasing [detcd] works before a server of ${server}`
      : `leasing [detcd] not run before ${server}: ${missing}`,
    ignore: missing !== undefined,
    fn: () =>
      withLeasedProxies(["detcd", "detcd"], async (scene) => {
        const { direct, clients: [client, other] } = scene;
        await put(direct, "k", "v");
        await scene.own(client, "k");
        assert.equal(await scene.requestsDuring(() => range(client, "k")), 0);
        await put(client, "k", "w");
        assert.equal(await scene.requestsDuring(() => range(client, "k")), 0);
        await put(other, "k", "x");
        assert.equal(await valueAt(client, "k"), "x");
        await scene.own(other, "m");
        await deleteRange(client, "a", { rangeEnd: "z" });
        for (const one of [client, other, direct]) {
          assert.equal(await valueAt(one, "k"), undefined);
          assert.equal(await valueAt(one, "m"), undefined);
        }
      }, { server }),
  });
}
