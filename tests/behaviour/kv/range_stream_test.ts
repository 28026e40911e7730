import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import {
  RangeRequest,
  type RangeResponse,
  SortOrder,
  SortTarget,
} from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import type { CallFailure, GrpcClient } from "../../harness/grpc_client.ts";
import { keys, put, revisionOf } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const KEY_COUNT = 25;

/** Puts so many keys; returns the revision behind the last. */
async function fill(client: GrpcClient, prefix: string): Promise<number> {
  let revision = 0;
  for (let i = 0; i < KEY_COUNT; i++) {
    revision = revisionOf(await put(client, `${prefix}${String(i).padStart(2, "0")}`, "v"));
  }
  return revision;
}

/** The responses of a stream that ends well. */
async function chunks(client: GrpcClient, fields: Partial<RangeRequest>): Promise<RangeResponse[]> {
  const stream = client.open(KV_SERVICE.rangeStream);
  stream.send(RangeRequest.create(fields));
  stream.halfClose();
  return (await stream.rest()).map(({ rangeResponse }) => {
    assert.ok(rangeResponse !== undefined);
    return rangeResponse;
  });
}

/** How a stream ends. */
function ending(client: GrpcClient, fields: Partial<RangeRequest>): Promise<CallFailure> {
  const stream = client.open(KV_SERVICE.rangeStream);
  stream.send(RangeRequest.create(fields));
  stream.halfClose();
  return stream.ended;
}

describeBothTargets("RangeStream", (test) => {
  test("tells the pairs in order, and with the last of them the rest", async ({ client, prefix }) => {
    const revision = await fill(client, prefix);
    const all = await chunks(client, { key: prefix, rangeEnd: `${prefix}~` });
    const names = Array.from({ length: KEY_COUNT }, (_, i) => String(i).padStart(2, "0"));
    assert.deepEqual(keys(all.flatMap(({ kvs }) => kvs), prefix), names);
    for (const { header, count, more } of all.slice(0, -1)) {
      assert.deepEqual([header, count, more], [undefined, 0, false]);
    }
    const { header, count, more } = all[all.length - 1];
    assert.deepEqual([header?.revision, count, more], [revision, KEY_COUNT, false]);
  });

  test("has limits, counts and revisions like Range", async ({ client, prefix }) => {
    const revision = await fill(client, prefix);
    const rangeEnd = `${prefix}~`;
    const told = async (fields: Partial<RangeRequest>) => {
      const all = await chunks(client, { key: prefix, rangeEnd, ...fields });
      const { header, count, more } = all[all.length - 1];
      const pairCount = all.reduce((sum, { kvs }) => sum + kvs.length, 0);
      return [pairCount, count, more, header?.revision];
    };
    assert.deepEqual(await told({ limit: 3 }), [3, KEY_COUNT, true, revision]);
    assert.deepEqual(await told({ limit: 12 }), [12, KEY_COUNT, true, revision]);
    assert.deepEqual(await told({ limit: KEY_COUNT }), [KEY_COUNT, KEY_COUNT, false, revision]);
    assert.deepEqual(await told({ countOnly: true }), [0, KEY_COUNT, false, revision]);
    assert.deepEqual(await told({ countOnly: true, limit: 3 }), [0, KEY_COUNT, false, revision]);
    assert.deepEqual(await told({ revision: revision - 5 }), [20, 20, false, revision]);
    assert.deepEqual(await told({ revision: revision - 5, limit: 12 }), [12, 20, true, revision]);
    assert.deepEqual(await told({ key: `${prefix}none`, rangeEnd: "" }), [0, 0, false, revision]);
    const [{ kvs }] = await chunks(client, { key: `${prefix}00`, keysOnly: true });
    assert.deepEqual([kvs[0].value.length, kvs[0].version], [0, 1]);
  });

  test("takes no order but that of the keys, whatever target stands beside none", async ({ client, prefix }) => {
    await put(client, prefix, "v");
    const { NONE, ASCEND, DESCEND } = SortOrder;
    const refused = {
      code: GrpcCode.Unimplemented,
      text: "RangeStream does not support custom sort orders",
    };
    for (const sortTarget of Object.values(SortTarget)) {
      assert.equal((await ending(client, { key: prefix, sortTarget, sortOrder: NONE })).code, 0);
      const sorted = await ending(client, { key: prefix, sortTarget, sortOrder: DESCEND });
      assert.deepEqual(sorted, refused);
      const ascending = await ending(client, { key: prefix, sortTarget, sortOrder: ASCEND });
      if (sortTarget === SortTarget.KEY) assert.equal(ascending.code, 0);
      else assert.deepEqual(ascending, refused);
    }
    assert.deepEqual(await ending(client, { key: prefix, sortOrder: 9 }), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: invalid sort option",
    });
  });

  test("refuses filters, and what Range refuses", async ({ client, prefix }) => {
    const filters: Partial<RangeRequest>[] = [
      { minModRevision: 1 },
      { maxModRevision: 1 },
      { minCreateRevision: 1 },
      { maxCreateRevision: 1 },
    ];
    for (const filter of filters) {
      assert.deepEqual(await ending(client, { key: prefix, ...filter }), {
        code: GrpcCode.Unimplemented,
        text: "RangeStream does not support revision filters",
      });
    }
    assert.deepEqual(await ending(client, {}), {
      code: GrpcCode.InvalidArgument,
      text: "etcdserver: key is not provided",
    });
    assert.deepEqual(await ending(client, { key: prefix, revision: 1_000_000 }), {
      code: GrpcCode.OutOfRange,
      text: "etcdserver: mvcc: required revision is a future revision",
    });
  });
}, { targets: NEWER_TARGET_NAMES });
