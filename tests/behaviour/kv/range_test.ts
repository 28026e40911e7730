import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { RangeRequest, SortOrder, SortTarget } from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import {
  deleteRange,
  keys,
  pairs,
  put,
  range,
  rangePrefix,
  revisionOf,
} from "../../harness/kv_calls.ts";

const { ASCEND, DESCEND, NONE } = SortOrder;

/** Five keys whose orders by key, version, creation, change and value all differ. */
async function fill(client: GrpcClient, prefix: string): Promise<Record<string, number>> {
  const revisions: Record<string, number> = {};
  const write = async (name: string, value: string): Promise<void> => {
    revisions[`${name}${value}`] = revisionOf(await put(client, prefix + name, value));
  };
  for (const [name, value] of [["c", "5"], ["a", "4"], ["e", "1"], ["b", "2"], ["d", "3"]]) {
    await write(name, value);
  }
  await write("e", "9");
  await write("b", "8");
  await write("e", "0");
  return revisions;
}

describeBothTargets("range", (test) => {
  test("an end bounds the range from above, itself not included", async ({ client, prefix }) => {
    await fill(client, prefix);
    const { kvs, count } = await range(client, `${prefix}b`, { rangeEnd: `${prefix}d` });
    assert.deepEqual([pairs(kvs, prefix), count], [["b=8", "c=5"], 2]);
  });

  test("an end of one zero byte means everything from the key on", async ({ client, prefix }) => {
    await fill(client, prefix);
    await put(client, "zzz last of all", "1");
    const { kvs } = await range(client, `${prefix}e`, { rangeEnd: "\x00" });
    const found = keys(kvs);
    assert.equal(found[0], `${prefix}e`);
    assert.equal(found.at(-1), "zzz last of all");
  });

  test("key and end of one zero byte mean all keys", async ({ client, prefix }) => {
    await fill(client, prefix);
    const all = await range(client, "\x00", { rangeEnd: "\x00" });
    const counted = await range(client, "\x00", { rangeEnd: "\x00", countOnly: true });
    assert.ok(all.count >= 5);
    assert.deepEqual([all.kvs.length, counted.count, counted.kvs], [all.count, all.count, []]);
  });

  test("an end at or before the key gives nothing", async ({ client, prefix }) => {
    await fill(client, prefix);
    for (const rangeEnd of [`${prefix}c`, `${prefix}a`]) {
      const { kvs, count } = await range(client, `${prefix}c`, { rangeEnd });
      assert.deepEqual([kvs, count], [[], 0]);
    }
  });

  test("an empty key is refused", async ({ client }) => {
    assert.deepEqual(await refusal(range(client, "", { rangeEnd: "\x00" })), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: key is not provided",
    });
  });

  test("limit cuts, more tells it, count does not care", async ({ client, prefix }) => {
    await fill(client, prefix);
    const two = await rangePrefix(client, prefix, { limit: 2 });
    assert.deepEqual([keys(two.kvs, prefix), two.more, two.count], [["a", "b"], true, 5]);
    const five = await rangePrefix(client, prefix, { limit: 5 });
    assert.deepEqual([five.kvs.length, five.more, five.count], [5, false, 5]);
    const six = await rangePrefix(client, prefix, { limit: 6 });
    assert.deepEqual([six.kvs.length, six.more], [5, false]);
  });

  test("a limit below zero is none", async ({ client, prefix }) => {
    await fill(client, prefix);
    const all = await rangePrefix(client, prefix, { limit: -1 });
    assert.deepEqual([all.kvs.length, all.more, all.count], [5, false, 5]);
  });

  const orders: readonly (readonly [string, number, number, string])[] = [
    ["key ascending", SortTarget.KEY, ASCEND, "abcde"],
    ["key descending", SortTarget.KEY, DESCEND, "edcba"],
    ["creation ascending", SortTarget.CREATE, ASCEND, "caebd"],
    ["creation descending", SortTarget.CREATE, DESCEND, "dbeac"],
    ["change ascending", SortTarget.MOD, ASCEND, "cadbe"],
    ["change descending", SortTarget.MOD, DESCEND, "ebdac"],
    ["value ascending", SortTarget.VALUE, ASCEND, "edacb"],
    ["value descending", SortTarget.VALUE, DESCEND, "bcade"],
    ["creation, no order", SortTarget.CREATE, NONE, "caebd"],
    ["change, no order", SortTarget.MOD, NONE, "cadbe"],
  ];
  for (const [name, sortTarget, sortOrder, wanted] of orders) {
    test(`sorts by ${name}`, async ({ client, prefix }) => {
      await fill(client, prefix);
      const { kvs } = await rangePrefix(client, prefix, { sortTarget, sortOrder });
      assert.equal(keys(kvs, prefix).join(""), wanted);
    });
  }

  test("sorts by version, highest first, and cuts behind the sort", async ({ client, prefix }) => {
    await fill(client, prefix);
    const top = await rangePrefix(client, prefix, {
      sortTarget: SortTarget.VERSION,
      sortOrder: DESCEND,
      limit: 2,
    });
    assert.deepEqual([keys(top.kvs, prefix), top.more, top.count], [["e", "b"], true, 5]);
  });

  test("sort orders and targets that do not exist are refused", async ({ client, prefix }) => {
    const wanted = { code: GrpcCode.InvalidArgument, text: "etcdserver: invalid sort option" };
    assert.deepEqual(await refusal(range(client, prefix, { sortOrder: 3 })), wanted);
    assert.deepEqual(await refusal(range(client, prefix, { sortTarget: 5 })), wanted);
  }, { notOn: { etcd: "3.4 does not check the sort options" } });

  test("revision bounds filter the pairs but not the count", async ({ client, prefix }) => {
    const at = await fill(client, prefix);
    const cases: readonly (readonly [Partial<RangeRequest>, string])[] = [
      [{ minModRevision: at.d3 }, "bde"],
      [{ maxModRevision: at.d3 }, "acd"],
      [{ minModRevision: at.a4, maxModRevision: at.b8 }, "abd"],
      [{ minCreateRevision: at.e1 }, "bde"],
      [{ maxCreateRevision: at.e1 }, "ace"],
      [{ minCreateRevision: at.a4, maxModRevision: at.d3 }, "ad"],
    ];
    for (const [bounds, wanted] of cases) {
      const { kvs, count, more } = await rangePrefix(client, prefix, bounds);
      assert.deepEqual([keys(kvs, prefix).join(""), count, more], [wanted, 5, false]);
    }
    const cut = await rangePrefix(client, prefix, { minModRevision: at.d3, limit: 2 });
    assert.deepEqual([keys(cut.kvs, prefix).join(""), cut.more], ["bd", true]);
  });

  test("keys_only leaves values out and keeps the rest", async ({ client, prefix }) => {
    const at = await fill(client, prefix);
    const { kvs } = await range(client, `${prefix}e`, { keysOnly: true });
    const { value, createRevision, modRevision, version } = kvs[0];
    assert.deepEqual([value.length, createRevision, modRevision, version], [0, at.e1, at.e0, 3]);
  });

  test("count_only counts and ignores the limit", async ({ client, prefix }) => {
    await fill(client, prefix);
    const counted = await rangePrefix(client, prefix, { countOnly: true, limit: 2 });
    assert.deepEqual([counted.kvs, counted.count, counted.more], [[], 5, false]);
  });

  test("an old revision shows what was, under the newest header", async ({ client, prefix }) => {
    const at = await fill(client, prefix);
    const then = await rangePrefix(client, prefix, { revision: at.e9 });
    assert.deepEqual(pairs(then.kvs, prefix), ["a=4", "b=2", "c=5", "d=3", "e=9"]);
    assert.equal(revisionOf(then), at.e0);
    const early = await rangePrefix(client, prefix, { revision: at.a4 });
    assert.deepEqual([keys(early.kvs, prefix), early.count], [["a", "c"], 2]);
  });

  test("an old revision shows keys that are deleted since", async ({ client, prefix }) => {
    const at = await fill(client, prefix);
    await deleteRange(client, `${prefix}a`);
    const now = await range(client, `${prefix}a`);
    const then = await range(client, `${prefix}a`, { revision: at.e0 });
    assert.deepEqual([now.count, pairs(then.kvs, prefix)], [0, ["a=4"]]);
  });

  test("a revision of 0 or less is the newest", async ({ client, prefix }) => {
    await fill(client, prefix);
    for (const revision of [0, -1, -1_000_000]) {
      const { kvs } = await range(client, `${prefix}e`, { revision });
      assert.deepEqual(pairs(kvs, prefix), ["e=0"]);
    }
  });

  test("a revision of the future is refused", async ({ client, prefix }) => {
    const at = await fill(client, prefix);
    assert.deepEqual(await refusal(range(client, prefix, { revision: at.e0 + 1_000 })), {
      code: GrpcCode.OutOfRange,
      text: "etcdserver: mvcc: required revision is a future revision",
    });
  });

  test("a serializable read answers the same when nobody writes", async ({ client, prefix }) => {
    await fill(client, prefix);
    const local = await rangePrefix(client, prefix, { serializable: true });
    const quorum = await rangePrefix(client, prefix);
    assert.deepEqual(local, quorum);
  });

  test("a thousand pairs come back in order and in pages", async ({ client, prefix }) => {
    const name = (i: number): string => `${prefix}${String(i).padStart(4, "0")}`;
    const all = Array.from({ length: 1_000 }, (_, i) => i);
    await Promise.all(all.map((i) => put(client, name(i), `v${i}`)));
    const whole = await rangePrefix(client, prefix);
    assert.deepEqual(keys(whole.kvs), all.map(name));
    const paged: string[] = [];
    let key = prefix;
    for (let more = true; more;) {
      const page = await range(client, key, { rangeEnd: `${prefix}:`, limit: 99 });
      paged.push(...keys(page.kvs));
      key = `${page.kvs[page.kvs.length - 1].key}\x00`;
      more = page.more;
    }
    assert.deepEqual(paged, all.map(name));
  });

  test("RangeStream gives the whole range in chunks", async ({ client, prefix }) => {
    await fill(client, prefix);
    const stream = client.open(KV_SERVICE.rangeStream);
    stream.send(RangeRequest.create({ key: prefix, rangeEnd: `${prefix}~` }));
    stream.halfClose();
    const chunks = (await stream.rest()).map((chunk) => chunk.rangeResponse);
    const kvs = chunks.flatMap((chunk) => chunk?.kvs ?? []);
    assert.deepEqual(keys(kvs, prefix), ["a", "b", "c", "d", "e"]);
    assert.deepEqual([chunks.at(-1)?.count, chunks.at(-1)?.more], [5, false]);
    assert.ok((chunks.at(-1)?.header?.revision ?? 0) > 0);
  }, { notOn: { etcd: "RangeStream is new in 3.7" } });
});
