import assert from "node:assert/strict";
import { textFromBytes } from "../../src/base/bytes.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { LEASING_LIMITS } from "../../src/cli/grpc_proxy/leasing/limits.ts";
import type {
  Caller,
  ServerCalls,
  UpstreamListener,
  UpstreamStream,
} from "../../src/cli/grpc_proxy/upstream.ts";
import { ClientError } from "../../src/embed/client/client_error.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  type RequestOp,
} from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../src/pb/services.ts";
import { addUserWithRole, enableAuth } from "../harness/auth_calls.ts";
import { eventually } from "../harness/eventually.ts";
import {
  deleteRange,
  type KvCaller,
  put,
  putOp,
  range,
  rangePrefix,
  txn,
} from "../harness/kv_calls.ts";
import { BreakableStream } from "./faulty_calls.ts";
import { LEASING_PREFIX } from "./leased_scene.ts";
import { type LocalProxy, LocalScene } from "./leasing_in_process.ts";

const ALL_KEYS = { key: "\0", rangeEnd: "\0" };

async function valueAt(client: KvCaller, key: string): Promise<string | undefined> {
  const [pair] = (await range(client, key)).kvs;
  return pair && textFromBytes(pair.value);
}

/** The leases of all owners, by key. */
async function owners({ direct }: LocalScene): Promise<Map<string, bigint>> {
  const { kvs } = await rangePrefix(direct, LEASING_PREFIX);
  return new Map(kvs.map(({ key, lease }) => [key.slice(LEASING_PREFIX.length), lease]));
}

async function requestsDuring(proxy: LocalProxy, work: () => Promise<unknown>): Promise<number> {
  const before = proxy.requestCount;
  await work();
  return proxy.requestCount - before;
}

/** A network that can be cut. */
class CutCalls implements ServerCalls {
  readonly #calls: ServerCalls;
  readonly #streams = new Set<BreakableStream>();
  isCut = false;

  constructor(calls: ServerCalls) {
    this.#calls = calls;
  }

  cut(): void {
    this.isCut = true;
    for (const stream of [...this.#streams]) stream.break();
  }

  unary(...call: Parameters<ServerCalls["unary"]>): Promise<Uint8Array> {
    if (this.isCut) return Promise.reject(new ClientError(GrpcCode.Unavailable, "cut"));
    return this.#calls.unary(...call);
  }

  stream(path: string, caller: Caller | undefined, listener: UpstreamListener): UpstreamStream {
    const forget = (): void => void this.#streams.delete(stream);
    const stream = new BreakableStream(this.#calls, path, caller, listener, forget);
    this.#streams.add(stream);
    if (this.isCut) queueMicrotask(() => stream.break());
    return stream;
  }
}

Deno.test("a leasing proxy that is cut off answers nothing that may be old, and blocks nobody", async () => {
  await using scene = await LocalScene.start();
  const network = new CutCalls(scene.upstream);
  const proxy = scene.proxy({ ttlSeconds: 2 }, network);
  const other = scene.proxy();
  await put(scene.direct, "k", "old");
  await scene.own(proxy, "k");
  network.cut();
  // Nobody else can write the key yet, so it is still true.
  assert.equal(await valueAt(proxy, "k"), "old");
  await put(other, "k", "new");
  await assert.rejects(range(proxy, "k"), /cut/);
  network.isCut = false;
  assert.equal(await valueAt(proxy, "k"), "new");
});

Deno.test("a leasing proxy that was stopped for longer than its lease lasts asks the servers", async () => {
  await using scene = await LocalScene.start();
  let offsetMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + offsetMs };
  const proxy = scene.proxy({ ttlSeconds: 60 }, scene.upstream, clock);
  await scene.own(proxy, "k");
  assert.equal(await requestsDuring(proxy, () => range(proxy, "k")), 0);
  offsetMs += 61_000;
  assert.equal(await requestsDuring(proxy, () => range(proxy, "k")), 1);
  // It still lets go, for the lease may last longer than it can be sure of.
  await put(scene.proxy(), "k", "new");
  assert.equal(await valueAt(proxy, "k"), "new");
});

Deno.test("a leasing proxy whose lease is revoked forgets all keys, and begins anew", async () => {
  await using scene = await LocalScene.start();
  const { direct } = scene;
  const proxy = scene.proxy();
  await put(direct, "k", "old");
  await scene.own(proxy, "k");
  const [lease] = (await owners(scene)).values();
  await direct.call(LEASE_SERVICE.leaseRevoke, { id: lease });
  await eventually("the proxy knows it", async () => {
    return await requestsDuring(proxy, () => range(proxy, "k")) > 0;
  });
  await put(direct, "k", "new");
  assert.equal(await valueAt(proxy, "k"), "new");
  await scene.own(proxy, "other");
  assert.notEqual((await owners(scene)).get("other"), lease);
});

Deno.test("a leasing proxy forgets a key whose leasing key is deleted", async () => {
  await using scene = await LocalScene.start();
  const { direct } = scene;
  const proxy = scene.proxy();
  await scene.own(proxy, "k");
  await deleteRange(direct, `${LEASING_PREFIX}k`);
  await eventually("the proxy knows it", async () => {
    return await requestsDuring(proxy, () => range(proxy, "k")) > 0;
  });
  await put(direct, "k", "new");
  assert.equal(await valueAt(proxy, "k"), "new");
});

Deno.test("a leasing proxy stops asking for keys when its caller has gone", async () => {
  await using scene = await LocalScene.start();
  const network = new CutCalls(scene.upstream);
  const proxy = scene.proxy({}, network);
  await scene.own(proxy, "k");
  network.cut();
  const other = scene.proxy();
  const gone = new AbortController();
  const writing = put(other.until(gone.signal), "k", "w");
  await eventually("it asks the owner", async () => {
    const { kvs: [{ value }] } = await range(scene.direct, `${LEASING_PREFIX}k`);
    return textFromBytes(value) === "REVOKE";
  });
  gone.abort();
  await assert.rejects(writing, /canceled/);
  network.isCut = false;
  await put(other, "k", "x");
  assert.equal(await valueAt(scene.direct, "k"), "x");
});

Deno.test("a leasing proxy gives all keys back when it ends", async () => {
  await using scene = await LocalScene.start();
  const proxy = scene.proxy();
  await scene.own(proxy, "k");
  await proxy.leasing.close();
  assert.equal((await owners(scene)).size, 0);
  const { leases } = await scene.direct.call(LEASE_SERVICE.leaseLeases);
  assert.deepEqual(leases, []);
});

Deno.test("a leasing proxy begins anew when it has missed what was compacted", async () => {
  await using scene = await LocalScene.start();
  const { direct } = scene;
  const network = new CutCalls(scene.upstream);
  const proxy = scene.proxy({}, network);
  await scene.own(proxy, "k");
  const [lease] = (await owners(scene)).values();
  network.cut();
  for (let i = 0; i < 3; i++) await put(direct, `${LEASING_PREFIX}x`, String(i));
  const { header } = await range(direct, "k");
  await direct.call(KV_SERVICE.compact, { revision: header?.revision ?? 0 });
  network.isCut = false;
  await scene.own(proxy, "other");
  await eventually("the proxy has another lease", async () => {
    await range(proxy, "other");
    const owned = (await owners(scene)).get("other");
    return owned !== undefined && owned !== lease;
  });
  assert.equal((await owners(scene)).get("k"), undefined);
});

Deno.test("a leasing proxy never answers from memory what hangs on a lease of a client", async () => {
  await using scene = await LocalScene.start();
  const { direct } = scene;
  const proxy = scene.proxy();
  const lease = await direct.call(LEASE_SERVICE.leaseGrant, { ttl: 60 });
  await scene.own(proxy, "k");
  await put(proxy, "k", "v", { lease: lease.id });
  for (let i = 0; i < 2; i++) {
    assert.equal(await requestsDuring(proxy, () => valueAt(proxy, "k")), 1);
  }
  await direct.call(LEASE_SERVICE.leaseRevoke, { id: lease.id });
  assert.equal(await valueAt(proxy, "k"), undefined);
  // Without a lease it is known again.
  await put(proxy, "k", "w");
  await range(proxy, "k");
  assert.equal(await requestsDuring(proxy, () => range(proxy, "k")), 0);
});

Deno.test("a leasing proxy reads what it cannot acquire", async () => {
  await using scene = await LocalScene.start();
  const full: ServerCalls = {
    unary: (path, ...rest) =>
      path === KV_SERVICE.txn.path
        ? Promise.reject(new ClientError(GrpcCode.ResourceExhausted, "no space"))
        : scene.upstream.unary(path, ...rest),
    stream: (...call) => scene.upstream.stream(...call),
  };
  const proxy = scene.proxy({}, full);
  await put(scene.direct, "k", "v");
  let isTried = false;
  while (!isTried) isTried = await requestsDuring(proxy, () => valueAt(proxy, "k")) > 1;
  assert.equal(await valueAt(proxy, "k"), "v");
  // It does not try again at once.
  assert.equal(await requestsDuring(proxy, () => valueAt(proxy, "k")), 1);
});

Deno.test("leasing proxies do what a server does where etcd's proxy does not", async () => {
  await using scene = await LocalScene.start();
  const [proxy, other] = [scene.proxy(), scene.proxy()];
  await scene.own(other, "k");
  // Keys that are not owned are written once.
  await put(proxy, "once", "v");
  assert.equal((await range(scene.direct, "once")).kvs[0].version, 1);
  assert.equal((await deleteRange(proxy, "once")).deleted, 1);
  // Options are kept by reads of what somebody else owns.
  await put(other, "k", "v");
  assert.equal((await range(proxy, "k", { keysOnly: true })).kvs[0].value.length, 0);
  // A deleted key is not counted, and fails conditions.
  await deleteRange(other, "k");
  await scene.own(other, "k");
  assert.equal((await range(other, "k")).count, 0);
  const target = { key: "k", target: CompareTarget.VERSION, result: CompareResult.EQUAL };
  const unmet = await txn(other, { compare: [Compare.create({ ...target, version: 7 })] });
  assert.equal(unmet.succeeded, false);
  // What is known is known at the newest revision.
  const { header } = await put(other, "x", "v");
  assert.equal((await range(other, "k")).header?.revision, header?.revision);
});

Deno.test("leasing proxies delete all there is, leasing keys with it", async () => {
  await using scene = await LocalScene.start();
  const [proxy, other] = [scene.proxy(), scene.proxy()];
  for (const key of ["a", "z"]) await put(scene.direct, key, "v");
  await scene.own(proxy, "a");
  await scene.own(other, "z");
  await deleteRange(proxy, ALL_KEYS.key, { rangeEnd: ALL_KEYS.rangeEnd });
  for (const one of [proxy, other, scene.direct]) {
    assert.equal(await valueAt(one, "a"), undefined);
    assert.equal(await valueAt(one, "z"), undefined);
  }
  await put(other, "a", "w");
  assert.equal(await valueAt(proxy, "a"), "w");
});

Deno.test("leasing proxies write in transactions as large as servers take", async () => {
  await using scene = await LocalScene.start();
  const [proxy, other] = [scene.proxy(), scene.proxy()];
  const puts = (count: number, value: string): RequestOp[] =>
    Array.from({ length: count }, (_, i) => putOp(`${value}${1000 + i}`, value));
  const target = { target: CompareTarget.VERSION, result: CompareResult.EQUAL };
  const isMissing = Compare.create({ ...target, key: "missing", version: 0 });
  const writes: [string, () => Promise<unknown>][] = [
    ["a", () => txn(proxy, { success: puts(128, "a") })],
    ["b", () => txn(proxy, { compare: [isMissing], success: puts(64, "b") })],
    ["c", () => txn(proxy, { compare: [isMissing], success: puts(127, "c") })],
  ];
  for (const [value, write] of writes) {
    await scene.own(other, `${value}1000`);
    await scene.own(proxy, `${value}1001`);
    await write();
    for (const one of [proxy, other]) {
      assert.equal(await valueAt(one, `${value}1000`), value);
      assert.equal(await valueAt(one, `${value}1001`), value);
    }
  }
  const tooMany = txn(proxy, { compare: [isMissing], success: puts(128, "d") });
  await assert.rejects(tooMany, /too many operations in txn request/);
});

Deno.test("leasing proxies refuse what servers refuse, and still know what they knew", async () => {
  await using scene = await LocalScene.start();
  const [proxy, other] = [scene.proxy(), scene.proxy()];
  await scene.own(proxy, "k");
  await assert.rejects(put(proxy, "", "v"), /key is not provided/);
  await assert.rejects(deleteRange(other, "", { rangeEnd: "z" }), /key is not provided/);
  const twice = txn(proxy, { success: [putOp("k", "1"), putOp("k", "2")] });
  await assert.rejects(twice, /duplicate key given in txn request/);
  const ignoring = put(proxy, "k", "v", { ignoreValue: true });
  await assert.rejects(ignoring, /value is provided/);
  await assert.rejects(range(proxy, "k", { sortOrder: 9 }), /invalid sort option/);
  assert.equal(await requestsDuring(proxy, () => range(proxy, "k")), 0);
  const unsound = txn(proxy, { failure: [putOp("", "v")] });
  await assert.rejects(unsound, /key is not provided/);
});

Deno.test("leasing proxies tell callers only what the servers let them read", async () => {
  await using scene = await LocalScene.start();
  const { direct } = scene;
  let offsetMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + offsetMs };
  const proxy = scene.proxy({ ttlSeconds: 600 }, scene.upstream, clock);
  await put(direct, "k", "v");
  await scene.own(proxy, "k");
  const root = await enableAuth(direct);
  const alice = await addUserWithRole(direct, root, "alice");
  await assert.rejects(range(proxy.as(alice), "k"), /permission denied/);
  const isThere = Compare.create({
    key: "k",
    target: CompareTarget.VERSION,
    result: CompareResult.EQUAL,
    version: 1,
  });
  await assert.rejects(txn(proxy.as(alice), { compare: [isThere] }), /permission denied/);
  for (const expected of [1, 0]) {
    const count = await requestsDuring(proxy, () => range(proxy.as(root), "k"));
    assert.equal(count, expected);
  }
  // What nobody may read any more is told for a while, because it was asked for lately.
  assert.equal(await valueAt(proxy, "k"), "v");
  offsetMs += LEASING_LIMITS.permissionMs;
  await assert.rejects(range(proxy, "k"), /user name is empty/);
});

Deno.test("leasing proxies own nothing where nobody may watch the leasing keys", async () => {
  await using scene = await LocalScene.start();
  const { direct } = scene;
  const proxy = scene.proxy({ ttlSeconds: 2 });
  await scene.own(proxy, "k");
  const root = await enableAuth(direct);
  const other = scene.proxy();
  // The owner cannot let go any more, but its lease ends.
  await put(other.as(root), "k", "v");
  assert.equal(await valueAt(proxy.as(root), "k"), "v");
  for (let i = 0; i < 3; i++) {
    assert.equal(await requestsDuring(other, () => range(other.as(root), "k")), 1);
  }
  await put(proxy.as(root), "k", "w");
  assert.equal(await valueAt(other.as(root), "k"), "w");
});
