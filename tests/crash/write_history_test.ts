import assert from "node:assert/strict";
import { bytesFromText } from "../../src/base/bytes.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { type Observation, WriteHistory } from "./write_history.ts";

function pair(key: string, revision: number, fields: Partial<KeyValue> = {}): KeyValue {
  return KeyValue.create({
    key,
    value: bytesFromText(key),
    createRevision: revision,
    modRevision: revision,
    version: 1,
    ...fields,
  });
}

/** Three writes are promised, a fourth is asked for and never answered. */
function history(): WriteHistory {
  const written = new WriteHistory();
  ["a", "b", "c", "d"].forEach((key) => written.asked(key));
  ["a", "b", "c"].forEach((key, i) => written.acknowledged(key, i + 2));
  return written;
}

const PROMISED: readonly KeyValue[] = [pair("a", 2), pair("b", 3), pair("c", 4)];

function complaintsOf(fields: Partial<Observation>): string[] {
  return history().complaints({ revision: 4, pairs: PROMISED, sharedVersion: 3, ...fields });
}

Deno.test("WriteHistory is content with what was promised, with or without the open write", () => {
  assert.deepEqual(complaintsOf({}), []);
  const pairs = [...PROMISED, pair("d", 5)];
  assert.deepEqual(complaintsOf({ revision: 5, pairs, sharedVersion: 4 }), []);
});

Deno.test("WriteHistory finds every planted defect", () => {
  const [a, b, c] = PROMISED;
  const planted: readonly (readonly [string, Partial<Observation>])[] = [
    ["lost: c of revision 4", { revision: 3, pairs: [a, b], sharedVersion: 2 }],
    ["lost: b of revision 3", { pairs: [a, c] }],
    ["moved: c from revision 4 to 5", { revision: 5, pairs: [a, b, pair("c", 5)] }],
    ["written twice: c", { revision: 5, pairs: [a, b, pair("c", 4, { version: 2 })] }],
    ["written twice: c", { pairs: [a, b, pair("c", 5, { createRevision: 4 })] }],
    ["wrong value: b", { pairs: [a, pair("b", 3, { value: bytesFromText("x") }), c] }],
    ["invented: e", { revision: 5, pairs: [...PROMISED, pair("e", 5)], sharedVersion: 4 }],
    ["one revision, two writes: c and d", { pairs: [...PROMISED, pair("d", 4)] }],
    ["went back: from revision 4 to 3", { revision: 3 }],
    ["3 writes, but revision 5", { revision: 5 }],
    ["3 writes, but the shared key has 4", { sharedVersion: 4 }],
  ];
  for (const [wanted, fields] of planted) {
    const found = complaintsOf(fields);
    assert.ok(found.includes(wanted), `${wanted} is not in ${JSON.stringify(found)}`);
  }
});

Deno.test("WriteHistory wants to see again what it has seen once", () => {
  const written = history();
  const pairs = [...PROMISED, pair("d", 5)];
  assert.deepEqual(written.complaints({ revision: 5, pairs, sharedVersion: 4 }), []);
  const found = written.complaints({ revision: 4, pairs: PROMISED, sharedVersion: 3 });
  assert.deepEqual(found, ["lost: d of revision 5", "went back: from revision 5 to 4"]);
});
