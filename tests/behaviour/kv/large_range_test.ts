import assert from "node:assert/strict";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import {
  keys,
  prefixEnd,
  put,
  putOp,
  rangePrefix,
  revisionOf,
  txn,
} from "../../harness/kv_calls.ts";
import type { GrpcClient } from "../../harness/grpc_client.ts";

const KEYS = 25_000;
const KEYS_PER_TXN = 100;

function nameOf(prefix: string, i: number): string {
  return prefix + String(i).padStart(6, "0");
}

async function load(client: GrpcClient, prefix: string): Promise<void> {
  for (let from = 0; from < KEYS; from += KEYS_PER_TXN) {
    const success = Array.from(
      { length: KEYS_PER_TXN },
      (_, i) => putOp(nameOf(prefix, from + i), String(from + i)),
    );
    await txn(client, { success });
  }
}

describeBothTargets("large range", (test) => {
  test("has every key, of one revision that its header tells", async ({ client, prefix }) => {
    await load(client, prefix);
    const before = revisionOf(await rangePrefix(client, prefix, { countOnly: true }));
    const reading = rangePrefix(client, prefix);
    // These come while the range is being read and must not show in it.
    const writes = [0, KEYS / 2, KEYS - 1].map((i) => put(client, nameOf(prefix, i), "later"));
    const response = await reading;
    await Promise.all(writes);
    assert.equal(response.count, KEYS);
    assert.equal(response.kvs.length, KEYS);
    const revision = revisionOf(response);
    assert.ok(revision >= before);
    const late = response.kvs.filter((kv) => kv.modRevision > revision);
    assert.deepEqual(keys(late), [], "nothing is newer than the header says");
    const seen = response.kvs.filter((kv) => kv.modRevision > before).length;
    assert.equal(revision - before, seen, "and nothing that the header covers is missing");
    const wanted = Array.from({ length: KEYS }, (_, i) => nameOf(prefix, i));
    assert.deepEqual(keys(response.kvs), wanted);
    const descending = await client.call(KV_SERVICE.range, {
      key: prefix,
      rangeEnd: prefixEnd(prefix),
      sortOrder: 2,
      limit: 20_000,
    });
    assert.equal(descending.more, true);
    assert.deepEqual(keys(descending.kvs), wanted.reverse().slice(0, 20_000));
  });
});
