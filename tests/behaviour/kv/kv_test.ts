import assert from "node:assert/strict";
import { bytesFromText, textFromBytes } from "../../../src/base/bytes.ts";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { refusal } from "../../harness/grpc_client.ts";
import {
  deleteRange,
  headerOf,
  keys,
  pairs,
  prefixEnd,
  put,
  range,
  rangePrefix,
  revisionOf,
} from "../../harness/kv_calls.ts";

describeBothTargets("kv", (test) => {
  // Stands first: it needs the store as it is before anybody writes.
  test("an empty store is at revision 1 and its first write makes revision 2", async (context) => {
    const { client } = context;
    const empty = await range(client, "a");
    assert.equal(revisionOf(empty), 1);
    assert.deepEqual([empty.kvs, empty.more, empty.count], [[], false, 0]);
    assert.equal(revisionOf(await put(client, "a", "1")), 2);
  });

  test("a put's pair comes back with its revisions and its version", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    const first = revisionOf(await put(client, key, "1"));
    const second = revisionOf(await put(client, key, "22"));
    assert.equal(second, first + 1);
    const { kvs, count, more } = await range(client, key);
    assert.equal(kvs.length, 1);
    const { createRevision, modRevision, version, lease } = kvs[0];
    assert.deepEqual([createRevision, modRevision, version, lease], [first, second, 2, 0n]);
    assert.equal(textFromBytes(kvs[0].value), "22");
    assert.deepEqual([count, more], [1, false]);
  });

  test("keys and values hold any bytes", async (context) => {
    const { client, prefix } = context;
    const allBytes = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    const value = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);
    await client.call(KV_SERVICE.put, { key: prefix + allBytes, value });
    const { kvs } = await range(client, prefix + allBytes);
    assert.equal(kvs[0].key, prefix + allBytes);
    assert.deepEqual([...kvs[0].value], [...value]);
  });

  test("an empty value is a value", async (context) => {
    const { client, prefix } = context;
    await put(client, `${prefix}a`, "");
    const { kvs, count } = await range(client, `${prefix}a`);
    assert.deepEqual([count, kvs[0].value.length], [1, 0]);
  });

  test("keys order by their bytes", async (context) => {
    const { client, prefix } = context;
    const tails = ["b", "a", "\xff", "\x00", "a\x00", "aa", "\x80", "Z", "~"];
    for (const tail of tails) await put(client, prefix + tail, "x");
    const { kvs } = await rangePrefix(client, prefix);
    assert.deepEqual(
      keys(kvs, prefix),
      ["\x00", "Z", "a", "a\x00", "aa", "b", "~", "\x80", "\xff"],
    );
  });

  test("put with prev_kv returns the pair before, nothing at first", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    const first = await put(client, key, "1", { prevKv: true });
    assert.equal(first.prevKv, undefined);
    const second = await put(client, key, "2", { prevKv: true });
    assert.equal(textFromBytes(second.prevKv?.value ?? new Uint8Array()), "1");
    assert.equal(second.prevKv?.modRevision, revisionOf(first));
    assert.equal((await put(client, key, "3")).prevKv, undefined);
  });

  test("put with ignore_value keeps the value and makes a revision", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    await put(client, key, "kept");
    await put(client, key, "", { ignoreValue: true });
    const { kvs } = await range(client, key);
    assert.deepEqual([textFromBytes(kvs[0].value), kvs[0].version], ["kept", 2]);
  });

  test("put refuses what contradicts itself, with etcd's words", async (context) => {
    const { client, prefix } = context;
    const code = GrpcCode.InvalidArgument;
    assert.deepEqual(await refusal(put(client, "", "x")), {
      code,
      text: "etcdserver: key is not provided",
    });
    assert.deepEqual(await refusal(put(client, `${prefix}a`, "x", { ignoreValue: true })), {
      code,
      text: "etcdserver: value is provided",
    });
    const withLease = { ignoreLease: true, lease: 1n };
    assert.deepEqual(await refusal(put(client, `${prefix}a`, "x", withLease)), {
      code,
      text: "etcdserver: lease is provided",
    });
  });

  test("put with ignore_* on a key that is not there is refused", async (context) => {
    const { client, prefix } = context;
    const wanted = { code: GrpcCode.InvalidArgument, text: "etcdserver: key not found" };
    const missing = `${prefix}missing`;
    assert.deepEqual(await refusal(put(client, missing, "", { ignoreValue: true })), wanted);
    assert.deepEqual(await refusal(put(client, missing, "x", { ignoreLease: true })), wanted);
  });

  test("put with an unknown lease is refused and writes nothing", async (context) => {
    const { client, prefix } = context;
    const before = revisionOf(await range(client, prefix));
    assert.deepEqual(await refusal(put(client, `${prefix}a`, "x", { lease: 4711n })), {
      code: GrpcCode.NotFound,
      text: "etcdserver: requested lease not found",
    });
    const after = await range(client, `${prefix}a`);
    assert.deepEqual([after.count, revisionOf(after)], [0, before]);
  });

  test("delete of one key removes it and makes one revision", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    const before = revisionOf(await put(client, key, "1"));
    const removed = await deleteRange(client, key);
    assert.deepEqual([removed.deleted, removed.prevKvs, revisionOf(removed)], [1, [], before + 1]);
    assert.equal((await range(client, key)).count, 0);
  });

  test("delete of nothing leaves the revision as it was", async (context) => {
    const { client, prefix } = context;
    const before = revisionOf(await range(client, prefix));
    const removed = await deleteRange(client, `${prefix}missing`);
    assert.deepEqual([removed.deleted, revisionOf(removed)], [0, before]);
  });

  test("delete of a range removes its keys in one revision and returns them", async (context) => {
    const { client, prefix } = context;
    let revision = 0;
    for (const name of ["a", "b", "c", "d"]) {
      revision = revisionOf(await put(client, prefix + name, name));
    }
    const removed = await deleteRange(client, `${prefix}b`, {
      rangeEnd: `${prefix}d`,
      prevKv: true,
    });
    assert.deepEqual([removed.deleted, revisionOf(removed)], [2, revision + 1]);
    assert.deepEqual(pairs(removed.prevKvs, prefix), ["b=b", "c=c"]);
    assert.deepEqual(keys((await rangePrefix(client, prefix)).kvs, prefix), ["a", "d"]);
  });

  test("delete refuses an empty key and takes an end that lies before it as nothing", async (context) => {
    const { client, prefix } = context;
    assert.deepEqual(await refusal(deleteRange(client, "")), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: key is not provided",
    });
    await put(client, `${prefix}b`, "1");
    const removed = await deleteRange(client, `${prefix}c`, { rangeEnd: `${prefix}a` });
    assert.equal(removed.deleted, 0);
  });

  test("a key that was deleted begins anew", async (context) => {
    const { client, prefix } = context;
    const key = `${prefix}a`;
    await put(client, key, "1");
    await put(client, key, "2");
    await deleteRange(client, key);
    const created = revisionOf(await put(client, key, "3"));
    const { kvs } = await range(client, key);
    assert.deepEqual(
      [kvs[0].createRevision, kvs[0].modRevision, kvs[0].version],
      [created, created, 1],
    );
  });

  test("every header names cluster, member, revision and term", async (context) => {
    const { client, prefix } = context;
    const written = headerOf(await put(client, `${prefix}a`, "1"));
    const read = headerOf(await range(client, `${prefix}a`));
    const removed = headerOf(await deleteRange(client, `${prefix}a`));
    for (const header of [written, read, removed]) {
      assert.equal(header.clusterId, written.clusterId);
      assert.equal(header.memberId, written.memberId);
      assert.ok(header.clusterId !== 0n && header.memberId !== 0n && header.raftTerm >= 2);
    }
    assert.deepEqual([read.revision, removed.revision], [written.revision, written.revision + 1]);
  });

  test("a value of just below the request limit is stored and comes back whole", async (context) => {
    const { client, prefix } = context;
    const value = new Uint8Array(1_500_000).fill(0x61);
    value[777_777] = 0;
    await client.call(KV_SERVICE.put, { key: `${prefix}large`, value });
    const { kvs } = await range(client, `${prefix}large`);
    assert.equal(kvs[0].value.length, value.length);
    assert.deepEqual([kvs[0].value[777_776], kvs[0].value[777_777]], [0x61, 0]);
  });

  test("a request above the limit is refused with etcd's words", async (context) => {
    const { client, prefix } = context;
    const value = new Uint8Array(1_572_864);
    assert.deepEqual(await refusal(client.call(KV_SERVICE.put, { key: `${prefix}a`, value })), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: request is too large",
    });
  });

  test("a hundred concurrent puts each make their own revision", async (context) => {
    const { client, prefix } = context;
    const before = revisionOf(await range(client, prefix));
    const puts = Array.from({ length: 100 }, (_, i) => put(client, `${prefix}${i}`, "x"));
    const revisions = (await Promise.all(puts)).map(revisionOf).toSorted((a, b) => a - b);
    assert.deepEqual(revisions, Array.from({ length: 100 }, (_, i) => before + 1 + i));
    const { kvs, count } = await rangePrefix(client, prefix);
    assert.equal(count, 100);
    assert.deepEqual(
      kvs.map((kv) => kv.modRevision).toSorted((a, b) => a - b),
      revisions,
    );
  });

  test("a read that follows an answered write sees it", async (context) => {
    const { client, prefix } = context;
    for (let i = 0; i < 50; i++) {
      const revision = revisionOf(await put(client, `${prefix}a`, String(i)));
      const read = await range(client, `${prefix}a`);
      assert.equal(textFromBytes(read.kvs[0].value), String(i));
      assert.ok(revisionOf(read) >= revision);
    }
  });

  test("a prefix that ends in the highest byte is ranged by carrying over", async (context) => {
    const { client, prefix } = context;
    const high = `${prefix}h\xff`;
    await client.call(KV_SERVICE.put, { key: `${high}a`, value: bytesFromText("1") });
    await client.call(KV_SERVICE.put, { key: `${prefix}i`, value: bytesFromText("2") });
    const { kvs } = await range(client, high, { rangeEnd: prefixEnd(`${prefix}h`) });
    assert.deepEqual(keys(kvs, prefix), ["h\xffa"]);
  });
});
