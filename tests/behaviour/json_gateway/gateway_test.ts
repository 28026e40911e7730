import assert from "node:assert/strict";
import { describeBothTargets } from "../../harness/both_targets.ts";
import {
  base64,
  gatewayCall,
  gatewayError,
  type Json,
  member,
  streamLines,
  withoutHeader,
} from "../../harness/json_gateway.ts";
import { httpRequest } from "../../harness/http1.ts";
import { put } from "../../harness/kv_calls.ts";

const NUMBER = /^\d+$/;

/** Revisions in the order of their appearance, so that they may start anywhere. */
function relative(value: Json, base: number): Json {
  const names = ["create_revision", "mod_revision"];
  if (Array.isArray(value)) return value.map((element) => relative(element, base));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]): [string, Json] => [
      name,
      names.includes(name) ? `+${Number(each) - base}` : relative(each, base),
    ]),
  );
}

function revisionOf(body: Json): number {
  return Number(member(member(body, "header"), "revision"));
}

describeBothTargets("gateway", (test) => {
  test("answers a put with nothing but the header", async ({ server, prefix }) => {
    const { status, body, headers } = await gatewayCall(server.clientPort, "/v3/kv/put", {
      key: base64(`${prefix}a`),
      value: base64("1"),
    });
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), "application/json");
    assert.equal(headers.get("grpc-metadata-content-type"), "application/grpc");
    assert.deepEqual(Object.keys(body ?? {}), ["header"]);
    const header = member(body, "header");
    assert.deepEqual(Object.keys(header ?? {}), [
      "cluster_id",
      "member_id",
      "revision",
      "raft_term",
    ]);
    for (const value of Object.values(header ?? {})) assert.match(String(value), NUMBER);
    assert.equal(typeof member(header, "member_id"), "string");
  });

  test("writes bytes in base64, 64 bits as strings and leaves out what is zero", async (context) => {
    const { server, prefix } = context;
    const key = base64(`${prefix}a`);
    const first = await gatewayCall(server.clientPort, "/v3/kv/put", { key, value: base64("1") });
    const base = revisionOf(first.body);
    const value = base64("\x00\xff\xfe");
    const second = await gatewayCall(server.clientPort, "/v3/kv/put", {
      key,
      value,
      prev_kv: true,
    });
    assert.deepEqual(relative(withoutHeader(second.body), base), {
      prev_kv: {
        key,
        create_revision: "+0",
        mod_revision: "+0",
        version: "1",
        value: base64("1"),
      },
    });
    const { body } = await gatewayCall(server.clientPort, "/v3/kv/range", { key });
    assert.deepEqual(relative(withoutHeader(body), base), {
      kvs: [{ key, create_revision: "+0", mod_revision: "+1", version: "2", value }],
      count: "1",
    });
  });

  test("takes numbers as strings and strings as numbers, enums by name and number", async (context) => {
    const { client, server, prefix } = context;
    for (const name of ["a", "b", "c"]) await put(client, prefix + name, name);
    const common = { key: base64(prefix), range_end: base64(prefix.slice(0, -1) + "0") };
    const keysOf = async (fields: { [name: string]: Json }): Promise<string[]> => {
      const { body } = await gatewayCall(server.clientPort, "/v3/kv/range", {
        ...common,
        ...fields,
      });
      const kvs = member(body, "kvs");
      return Array.isArray(kvs)
        ? kvs.map((kv) => atob(String(member(kv, "key"))).slice(prefix.length))
        : [];
    };
    assert.deepEqual(await keysOf({ limit: 2 }), ["a", "b"]);
    assert.deepEqual(await keysOf({ limit: "2", sort_order: "DESCEND" }), ["c", "b"]);
    assert.deepEqual(await keysOf({ sort_order: 2, sort_target: "KEY" }), ["c", "b", "a"]);
    assert.deepEqual(await keysOf({ sort_order: "DESCEND", sort_target: 3 }), ["c", "b", "a"]);
  });

  test("deletes, compares and branches", async ({ server, prefix }) => {
    const key = base64(`${prefix}k`);
    const call = (path: string, body: Json) => gatewayCall(server.clientPort, path, body);
    const txn = {
      compare: [{ key, target: "VERSION", result: "EQUAL", version: "0" }],
      success: [{ request_put: { key, value: base64("new") } }],
      failure: [{ request_range: { key } }, { request_delete_range: { key, prev_kv: true } }],
    };
    const first = await call("/v3/kv/txn", txn);
    const base = revisionOf(first.body);
    const revisionPart = (body: Json): Json => member(member(body, "header"), "revision");
    assert.deepEqual(withoutHeader(first.body), {
      succeeded: true,
      responses: [{ response_put: { header: { revision: revisionPart(first.body) } } }],
    });
    const second = await call("/v3/kv/txn", txn);
    const pair = {
      key,
      create_revision: "+0",
      mod_revision: "+0",
      version: "1",
      value: base64("new"),
    };
    const header = { revision: revisionPart(second.body) };
    const before = { revision: String(base) };
    assert.deepEqual(relative(withoutHeader(second.body), base), {
      responses: [
        { response_range: { header: before, kvs: [pair], count: "1" } },
        { response_delete_range: { header, deleted: "1", prev_kvs: [pair] } },
      ],
    });
    const third = await call("/v3/kv/deleterange", { key });
    assert.deepEqual(withoutHeader(third.body), {});
  });

  test("grants, shows, lists, keeps and revokes leases under their old paths too", async (context) => {
    const { server, prefix } = context;
    const call = (path: string, body: Json) => gatewayCall(server.clientPort, path, body);
    const granted = await call("/v3/lease/grant", { TTL: 100, ID: "7587862094374904321" });
    const ID = "7587862094374904321";
    assert.deepEqual(withoutHeader(granted.body), { ID, TTL: "100" });
    await call("/v3/kv/put", { key: base64(`${prefix}l`), lease: ID });
    for (const path of ["/v3/lease/timetolive", "/v3/kv/lease/timetolive"]) {
      const { body } = await call(path, { ID, keys: true });
      assert.equal(member(body, "ID"), ID);
      assert.equal(member(body, "grantedTTL"), "100");
      assert.match(String(member(body, "TTL")), NUMBER);
      assert.deepEqual(member(body, "keys"), [base64(`${prefix}l`)]);
    }
    for (const path of ["/v3/lease/leases", "/v3/kv/lease/leases"]) {
      const leases = member((await call(path, {})).body, "leases");
      assert(Array.isArray(leases) && leases.some((lease) => member(lease, "ID") === ID));
    }
    const lines = await streamLines(
      server.clientPort,
      "/v3/lease/keepalive",
      `{"ID":"${ID}"}\n{"ID":"1"}`,
      2,
    );
    assert.deepEqual(lines.map((line) => withoutHeader(member(line, "result"))), [
      { ID, TTL: "100" },
      { ID: "1" },
    ]);
    assert.equal((await call("/v3/kv/lease/revoke", { ID })).status, 200);
    const again = await call("/v3/lease/revoke", { ID });
    assert.deepEqual([again.status, member(again.body, "code")], [404, 5]);
    assert.equal(member(again.body, "message"), "etcdserver: requested lease not found");
  });

  test("tells about members, alarms and status", async ({ server }) => {
    const call = (path: string, body: Json) => gatewayCall(server.clientPort, path, body);
    const members = member((await call("/v3/cluster/member/list", {})).body, "members");
    assert(Array.isArray(members));
    assert.deepEqual(Object.keys(members[0] ?? {}).sort(), [
      "ID",
      "clientURLs",
      "name",
      "peerURLs",
    ]);
    assert.deepEqual(member(members[0], "clientURLs"), [`http://${server.endpoint}`]);
    const alarms = await call("/v3/maintenance/alarm", { action: "GET" });
    assert.deepEqual(withoutHeader(alarms.body), {});
    const status = await call("/v3/maintenance/status", {});
    assert.match(String(member(status.body, "leader")), NUMBER);
    assert.match(String(member(status.body, "dbSize")), NUMBER);
    assert.match(String(member(status.body, "raftIndex")), NUMBER);
    assert.equal((await call("/v3/maintenance/defragment", {})).status, 200);
  });

  test("maps statuses of gRPC to those of HTTP", async ({ server }) => {
    const port = server.clientPort;
    assert.deepEqual(await gatewayError(port, "/v3/kv/put", {}), [
      400,
      3,
      "etcdserver: key is not provided",
    ]);
    assert.deepEqual(
      await gatewayError(port, "/v3/kv/range", { key: "AA==", revision: "999999" }),
      [
        400,
        11,
        "etcdserver: mvcc: required revision is a future revision",
      ],
    );
    assert.deepEqual(await gatewayError(port, "/v3/kv/put", { key: "AA==", lease: "99" }), [
      404,
      5,
      "etcdserver: requested lease not found",
    ]);
  });

  test("compacts", async ({ server, prefix }) => {
    const key = base64(`${prefix}a`);
    const port = server.clientPort;
    await gatewayCall(port, "/v3/kv/put", { key, value: "" });
    const last = await gatewayCall(port, "/v3/kv/put", { key, value: "" });
    const revision = String(revisionOf(last.body));
    const done = await gatewayCall(port, "/v3/kv/compaction", { revision, physical: true });
    assert.deepEqual([done.status, withoutHeader(done.body)], [200, {}]);
    const old = { key, revision: String(Number(revision) - 1) };
    assert.deepEqual(await gatewayError(port, "/v3/kv/range", old), [
      400,
      11,
      "etcdserver: mvcc: required revision has been compacted",
    ]);
  });

  test("watches: one line for each response", async ({ client, server, prefix }) => {
    await put(client, `${prefix}w`, "1");
    const { body } = await gatewayCall(server.clientPort, "/v3/kv/range", {
      key: base64(`${prefix}w`),
    });
    const start = String(revisionOf(body));
    const key = base64(`${prefix}w`);
    const lines = await streamLines(
      server.clientPort,
      "/v3/watch",
      `{"create_request":{"key":"${key}","start_revision":"${start}"}}`,
      2,
    );
    const [created, event] = lines.map((line) => member(line, "result"));
    assert.deepEqual(withoutHeader(created), { created: true });
    assert.deepEqual(relative(withoutHeader(event), Number(start)), {
      events: [{
        kv: {
          key,
          create_revision: "+0",
          mod_revision: "+0",
          version: "1",
          value: base64("1"),
        },
      }],
    });
  });

  test("sends a snapshot as lines with base64 in them", async ({ server }) => {
    const { status, body } = await httpRequest(
      server.clientPort,
      "/v3/maintenance/snapshot",
      "POST",
      "{}",
    );
    assert.equal(status, 200);
    const lines = body.trim().split("\n").map((line): Json => JSON.parse(line));
    const blobs = lines.map((line) => atob(String(member(member(line, "result"), "blob") ?? "")));
    const size = blobs.reduce((sum, blob) => sum + blob.length, 0);
    // A database of whole pages, and a hash behind it.
    assert.equal(size % 4096, 32);
  });

  test("answers under /v3beta/ and not under /v3alpha/", async ({ server }) => {
    const beta = await gatewayCall(server.clientPort, "/v3beta/kv/range", { key: "AA==" });
    assert.equal(beta.status, 200);
    const alpha = await httpRequest(server.clientPort, "/v3alpha/kv/range", "POST", "{}");
    assert.deepEqual([alpha.status, alpha.body], [404, "404 page not found\n"]);
  });

  test("takes what does not matter: other content types, no body", async ({ server }) => {
    const url = `http://127.0.0.1:${server.clientPort}/v3/cluster/member/list`;
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
      const response = await fetch(url, {
        method: "POST",
        body: "{}",
        headers: { "content-type": type },
      });
      assert.equal(response.status, 200, type);
      assert.equal(response.headers.get("content-type"), "application/json");
      await response.body?.cancel();
    }
    const response = await fetch(url, { method: "POST" });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });
});
