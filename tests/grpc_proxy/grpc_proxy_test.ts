import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import {
  CLUSTER_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  MAINTENANCE_SERVICE,
  WATCH_SERVICE,
} from "../../src/pb/services.ts";
import { GrpcClient, refusal } from "../harness/grpc_client.ts";
import { httpRequest } from "../harness/http1.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { commandOf, NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";
import { ProxyProcess } from "./proxy_process.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);

interface Scene {
  readonly server: ServerProcess;
  readonly proxy: ProxyProcess;
  /** Through the proxy. */
  readonly client: GrpcClient;
  /** Past it. */
  readonly direct: GrpcClient;
}

async function withProxy(
  target: TargetName,
  flags: readonly string[],
  use: (scene: Scene) => Promise<void>,
): Promise<void> {
  const server = await ServerProcess.start("detcd");
  try {
    await using proxy = await ProxyProcess.start(target, server, flags);
    const client = new GrpcClient(proxy.endpoint);
    const direct = new GrpcClient(server.endpoint);
    try {
      await use({ server, proxy, client, direct });
    } finally {
      await client.close();
      await direct.close();
    }
  } finally {
    await server.dispose();
  }
}

function openWatch(client: GrpcClient, fields: Record<string, unknown>) {
  const stream = client.open(WATCH_SERVICE.watch);
  stream.send({
    createRequest: {
      key: "",
      rangeEnd: "",
      startRevision: 0,
      progressNotify: false,
      filters: [],
      prevKv: false,
      watchId: 0n,
      fragment: false,
      ...fields,
    },
  });
  return stream;
}

/** More than fits between a server and a client that does not read. */
const SLOW_EVENT_COUNT = 200;

/** The versions of a key that a watch tells of, as many as are asked for. */
async function versions(watch: ReturnType<typeof openWatch>, count: number): Promise<number[]> {
  const heard: number[] = [];
  while (heard.length < count) {
    for (const { kv } of (await watch.next()).events) heard.push(kv?.version ?? 0);
  }
  return heard;
}

/** etcd's proxy makes "unknown" of the server's code; the text is the same. */
function checkRefusal(
  target: TargetName,
  refused: { readonly code: number; readonly text: string },
  code: number,
  reason: string,
): void {
  assert.equal(refused.text, reason);
  if (target === "detcd") assert.equal(refused.code, code);
}

for (const target of NEWER_TARGET_NAMES) {
  const missing = whyMissing(target);
  const ignore = missing !== undefined;
  const title = ignore ? `[${target}] not run: ${missing}` : `[${target}]`;

  Deno.test({
    name: `grpc-proxy ${title} passes requests on and caches what may be old`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ proxy, client, direct }) => {
        await client.call(KV_SERVICE.put, { key: "k", value: bytes("1") });
        const fresh = await client.call(KV_SERVICE.range, { key: "k" });
        assert.equal(text(fresh.kvs[0].value), "1");
        // Nobody tells the proxy of this one.
        await direct.call(KV_SERVICE.put, { key: "k", value: bytes("2") });
        const old = await client.call(KV_SERVICE.range, { key: "k", serializable: true });
        assert.equal(text(old.kvs[0].value), "1");
        assert.equal(await proxy.metric("etcd_grpc_proxy_cache_hits_total"), 1);
        const linearizable = await client.call(KV_SERVICE.range, { key: "k" });
        assert.equal(text(linearizable.kvs[0].value), "2");
        await client.call(KV_SERVICE.put, { key: "k", value: bytes("3") });
        const newer = await client.call(KV_SERVICE.range, { key: "k", serializable: true });
        assert.equal(text(newer.kvs[0].value), "3");
        const { deleted } = await client.call(KV_SERVICE.deleteRange, { key: "a", rangeEnd: "z" });
        assert.equal(deleted, 1);
        const gone = await client.call(KV_SERVICE.range, { key: "k", serializable: true });
        assert.equal(gone.kvs.length, 0);
        const refused = await refusal(client.call(KV_SERVICE.put, { key: "" }));
        checkRefusal(target, refused, GrpcCode.InvalidArgument, "etcdserver: key is not provided");
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} feeds watches of the same keys from one`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ proxy, client, direct }) => {
        await direct.call(KV_SERVICE.put, { key: "w1", value: bytes("before") });
        const interval = { key: "w", rangeEnd: "x" };
        const watches = Array.from({ length: 3 }, () => openWatch(client, interval));
        for (const watch of watches) assert.equal((await watch.next()).created, true);
        for (const value of ["a", "b"]) {
          await direct.call(KV_SERVICE.put, { key: "w2", value: bytes(value) });
          for (const watch of watches) {
            const { events } = await watch.next();
            assert.deepEqual(events.map(({ kv }) => text(kv?.value)), [value]);
          }
        }
        // etcd's number counts only what its proxy has joined later.
        if (target === "detcd") {
          assert.equal(await proxy.metric("etcd_grpc_proxy_watchers_coalescing_total"), 2);
        }
        // One that begins in the past gets all of it, and then what the others get.
        const late = openWatch(client, { ...interval, startRevision: 1 });
        assert.equal((await late.next()).created, true);
        const heard: string[] = [];
        while (heard.length < 3) {
          for (const { kv } of (await late.next()).events) heard.push(text(kv?.value));
        }
        assert.deepEqual(heard, ["before", "a", "b"]);
        await direct.call(KV_SERVICE.put, { key: "w3", value: bytes("c") });
        for (const watch of [...watches, late]) {
          const { events } = await watch.next();
          assert.deepEqual(events.map(({ kv }) => text(kv?.value)), ["c"]);
        }
        watches[0].send({ cancelRequest: { watchId: 0n } });
        assert.equal((await watches[0].next()).canceled, true);
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} tells a watch that its revision is compacted`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ client, direct }) => {
        for (let i = 0; i < 5; i++) {
          await direct.call(KV_SERVICE.put, { key: "w", value: bytes(String(i)) });
        }
        const { header } = await direct.call(KV_SERVICE.range, { key: "w" });
        const revision = header?.revision ?? 0;
        await direct.call(KV_SERVICE.compact, { revision });
        const watch = openWatch(client, { key: "w", startRevision: 2 });
        let response = await watch.next();
        while (!response.canceled) response = await watch.next();
        assert.equal(response.compactRevision, revision);
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} loses nothing for a client that reads slowly, and holds up nobody`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ client, direct }) => {
        const slow = openWatch(client, { key: "w" });
        const quick = openWatch(client, { key: "w" });
        for (const watch of [slow, quick]) assert.equal((await watch.next()).created, true);
        slow.pause();
        const value = bytes("x".repeat(100_000));
        for (let i = 0; i < SLOW_EVENT_COUNT; i++) {
          await direct.call(KV_SERVICE.put, { key: "w", value });
        }
        const expected = Array.from({ length: SLOW_EVENT_COUNT }, (_, i) => i + 1);
        assert.deepEqual(await versions(quick, SLOW_EVENT_COUNT), expected);
        slow.resume();
        assert.deepEqual(await versions(slow, SLOW_EVENT_COUNT), expected);
        await direct.call(KV_SERVICE.put, { key: "w", value });
        for (const watch of [slow, quick]) {
          assert.deepEqual(await versions(watch, 1), [SLOW_EVENT_COUNT + 1]);
        }
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} goes on with a watch when the server comes back`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ server, client, direct }) => {
        const watch = openWatch(client, { key: "w" });
        assert.equal((await watch.next()).created, true);
        await direct.call(KV_SERVICE.put, { key: "w", value: bytes("before") });
        assert.equal((await watch.next()).events.length, 1);
        await server.kill();
        await server.restart();
        await direct.call(KV_SERVICE.put, { key: "w", value: bytes("after") });
        const { events } = await watch.next(10_000);
        assert.deepEqual(events.map(({ kv }) => text(kv?.value)), ["after"]);
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} puts the namespace before all keys and hides it`,
    ignore,
    fn: () =>
      withProxy(target, ["--namespace=app/"], async ({ client, direct }) => {
        const watch = openWatch(client, { key: "\0", rangeEnd: "\0" });
        assert.equal((await watch.next()).created, true);
        await direct.call(KV_SERVICE.put, { key: "k", value: bytes("outside") });
        await client.call(KV_SERVICE.put, { key: "k", value: bytes("inside") });
        const { kvs } = await direct.call(KV_SERVICE.range, { key: "\0", rangeEnd: "\0" });
        assert.deepEqual(kvs.map(({ key }) => key), ["app/k", "k"]);
        const seen = await client.call(KV_SERVICE.range, { key: "\0", rangeEnd: "\0" });
        assert.deepEqual(seen.kvs.map(({ key, value }) => [key, text(value)]), [["k", "inside"]]);
        const { events } = await watch.next();
        assert.deepEqual(events.map(({ kv }) => kv?.key), ["k"]);
        const txn = await client.call(KV_SERVICE.txn, {
          success: [{
            requestRange: undefined,
            requestPut: undefined,
            requestTxn: undefined,
            requestDeleteRange: { key: "k", rangeEnd: "", prevKv: true },
          }],
        });
        assert.equal(txn.responses[0].responseDeleteRange?.prevKvs[0].key, "k");
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} carries leases and maintenance`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ client, direct }) => {
        const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 60 });
        await client.call(KV_SERVICE.put, { key: "l", value: bytes("v"), lease: id });
        const alive = client.open(LEASE_SERVICE.leaseKeepAlive);
        alive.send({ id });
        assert.equal((await alive.next()).id, id);
        const { keys } = await client.call(LEASE_SERVICE.leaseTimeToLive, { id, keys: true });
        assert.deepEqual(keys, ["l"]);
        await client.call(LEASE_SERVICE.leaseRevoke, { id });
        const { kvs } = await direct.call(KV_SERVICE.range, { key: "l" });
        assert.equal(kvs.length, 0);
        const { version } = await client.call(MAINTENANCE_SERVICE.status);
        assert.match(version, /^3\./);
        const refused = await refusal(client.call(LEASE_SERVICE.leaseRevoke, { id }));
        const why = "etcdserver: requested lease not found";
        checkRefusal(target, refused, GrpcCode.NotFound, why);
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} shows itself as the cluster, and registers itself`,
    ignore,
    fn: () =>
      withProxy(
        target,
        ["--resolver-prefix=proxies", "--resolver-ttl=60"],
        async ({ proxy, client, direct }) => {
          const { members } = await client.call(CLUSTER_SERVICE.memberList);
          assert.deepEqual(members.map(({ clientUrls }) => clientUrls), [[proxy.endpoint]]);
          const key = `proxies/${proxy.endpoint}`;
          for (;;) {
            const { kvs } = await direct.call(KV_SERVICE.range, { key });
            if (kvs.length === 0) {
              await new Promise((resolve) => setTimeout(resolve, 30));
              continue;
            }
            const { Addr, Metadata } = JSON.parse(text(kvs[0].value));
            assert.equal(Addr, proxy.endpoint);
            assert.equal(typeof JSON.parse(Metadata).name, "string");
            assert(kvs[0].lease !== 0n);
            break;
          }
        },
      ),
  });

  Deno.test({
    name: `grpc-proxy ${title} serves profiles if it is asked to, and reads in order`,
    ignore,
    fn: () =>
      withProxy(
        target,
        ["--enable-pprof", "--experimental-serializable-ordering"],
        async ({ proxy, client }) => {
          const { status, body } = await httpRequest(proxy.port, "/debug/pprof/");
          assert.equal(status, 200);
          assert.match(body, /heap/);
          await client.call(KV_SERVICE.put, { key: "k", value: bytes("v") });
          const { kvs } = await client.call(KV_SERVICE.range, { key: "k", serializable: true });
          assert.equal(text(kvs[0].value), "v");
        },
      ),
  });

  Deno.test({
    name: `grpc-proxy ${title} serves health and metrics`,
    ignore,
    fn: () =>
      withProxy(target, [], async ({ proxy }) => {
        for (const path of ["/health", "/proxy/health"]) {
          const { status, body } = await httpRequest(proxy.port, path);
          assert.equal(status, 200, path);
          assert.equal(JSON.parse(body).health, "true");
        }
        const { body } = await httpRequest(proxy.port, "/metrics");
        assert.match(body, /^etcd_server_has_leader 1$/m);
      }),
  });

  Deno.test({
    name: `grpc-proxy ${title} says what is wrong with its flags`,
    ignore,
    async fn() {
      const [program, ...args] = commandOf(target);
      const cases: readonly [readonly string[], string][] = [
        [["--zzz"], "unknown flag: --zzz"],
        [["--resolver-prefix=a"], "invalid resolver-ttl 0"],
        [["--resolver-ttl=5"], 'invalid resolver-prefix ""'],
        [
          ["--resolver-prefix=a", "--resolver-ttl=5", "--advertise-client-url="],
          'invalid advertise-client-url ""',
        ],
        [["--tls-min-version=x"], "tls-min-version is invalid: unexpected TLS version"],
        [["--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"], "is greater than max version"],
      ];
      for (const [flags, message] of cases) {
        const { code, stdout, stderr } = await new Deno.Command(program, {
          args: [...args, "grpc-proxy", "start", ...flags],
        }).output();
        const output = text(stdout) + text(stderr);
        assert(output.includes(message), output);
        assert.equal(code, 1);
      }
    },
  });
}
