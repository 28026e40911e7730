import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import {
  keyFieldSize,
  KeyValueFields,
  keyValueSize,
  tombstoneSize,
  writeKeyValue,
  writeTombstone,
} from "./key_value_encoding.ts";

const NUMBERS = [1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 35 - 1, 2 ** 35, 2 ** 53 - 1];
const LEASES = [0n, 1n, 127n, 128n, 2n ** 32n - 1n, 2n ** 35n, 2n ** 63n - 1n, -1n, -(2n ** 63n)];

function randomPair(prng: Prng): KeyValue {
  return KeyValue.create({
    key: "k".repeat(prng.pick([1, 2, 127, 128, 20_000])),
    createRevision: prng.pick(NUMBERS),
    modRevision: prng.pick(NUMBERS),
    version: prng.pick(NUMBERS),
    value: prng.bytes(prng.pick([0, 1, 127, 128, 300])),
    lease: prng.pick(LEASES),
  });
}

function encode(pair: KeyValue, target: Uint8Array, offset: number): number {
  const { createRevision, modRevision, version, value, lease } = pair;
  const key = bytesFromLatin1(pair.key);
  return writeKeyValue(
    target,
    offset,
    key,
    0,
    key.length,
    createRevision,
    modRevision,
    version,
    value,
    lease,
  );
}

Deno.test("writeKeyValue() writes what the generated codec writes", () => {
  const prng = new Prng(3);
  const target = new Uint8Array(30_000);
  for (let i = 0; i < 2_000; i++) {
    const pair = randomPair(prng);
    const end = encode(pair, target, 10);
    assert.deepEqual(target.slice(10, end), KeyValue.encode(pair));
    const { key, createRevision, modRevision, version, value, lease } = pair;
    assert.equal(
      keyValueSize(key.length, createRevision, modRevision, version, value.length, lease),
      end - 10,
    );
  }
});

Deno.test("KeyValueFields.read() finds the fields that were written", () => {
  const prng = new Prng(4);
  const target = new Uint8Array(30_000);
  const fields = new KeyValueFields();
  for (let i = 0; i < 2_000; i++) {
    const pair = randomPair(prng);
    const end = encode(pair, target, 5);
    fields.read({ bytes: target, start: 5, end });
    const { createRevision, modRevision, version } = fields;
    assert.deepEqual([createRevision, modRevision, version], [
      pair.createRevision,
      pair.modRevision,
      pair.version,
    ]);
    assert.deepEqual(target.slice(fields.valueStart, fields.valueEnd), pair.value);
    const valueless = { ...pair, value: new Uint8Array(), lease: 0n };
    assert.deepEqual(target.slice(5, fields.valueFieldStart), KeyValue.encode(valueless));
  }
});

Deno.test("writeTombstone() begins with the pair that etcd stores of a tombstone", () => {
  const target = new Uint8Array(1_000);
  for (const key of ["a", "k".repeat(200)]) {
    for (const modRevision of NUMBERS) {
      const bytes = bytesFromLatin1(key);
      const end = writeTombstone(target, 0, bytes, 0, bytes.length, modRevision);
      assert.equal(tombstoneSize(key.length, modRevision), end);
      assert.deepEqual(
        target.slice(0, end),
        KeyValue.encode(KeyValue.create({ key, modRevision })),
      );
      assert.deepEqual(
        target.slice(0, keyFieldSize(key.length)),
        KeyValue.encode(KeyValue.create({ key })),
      );
    }
  }
});
