import assert from "node:assert/strict";
import { bytesFromLatin1, concatBytes, EMPTY_BYTES, latin1FromBytes } from "../base/bytes.ts";
import { Prng } from "../base/prng.ts";
import {
  copyWithoutValue,
  createRevisionOf,
  leaseOf,
  modRevisionOf,
  sizeOfKeyValue,
  sizeWithoutValue,
  valueEndOf,
  valueStartOf,
  versionOf,
  writeKeyValue,
} from "./key_value.ts";
import { KeyValue } from "./mvccpb.ts";

const SEED = 99;
const PAIRS = 3000;
const GUARD = 0xee;

function randomNumber(prng: Prng): number {
  return Math.floor(2 ** (prng.fraction() * 53)) - 1;
}

function randomPair(prng: Prng): KeyValue {
  return {
    key: latin1FromBytes(prng.bytes(prng.pick([0, 1, 9, 30, 127, 128, 20_000]))),
    createRevision: prng.pick([0, 1, randomNumber(prng)]),
    modRevision: prng.pick([0, 127, 128, 2 ** 28, 2 ** 32, randomNumber(prng), 2 ** 53 - 1]),
    version: prng.pick([0, 1, randomNumber(prng)]),
    value: prng.bytes(prng.pick([0, 0, 1, 47, 49, 127, 128, 300])),
    lease: prng.pick([
      0n,
      1n,
      -1n,
      2n ** 63n - 1n,
      BigInt.asIntN(64, prng.uint64()),
      prng.uint64() >> BigInt(prng.between(1, 63)),
    ]),
  };
}

/** Written by the helper between guard bytes that must stay. */
function writtenByHelper(pair: KeyValue): Uint8Array {
  const { key, createRevision, modRevision, version, value, lease } = pair;
  const size = sizeOfKeyValue(key, createRevision, modRevision, version, value, lease);
  const target = new Uint8Array(size + 6).fill(GUARD);
  const end = writeKeyValue(
    target,
    3,
    key,
    createRevision,
    modRevision,
    version,
    value,
    lease,
  );
  assert.equal(end, 3 + size);
  assert.ok([0, 1, 2, end, end + 1, end + 2].every((i) => target[i] === GUARD));
  return target.slice(3, end);
}

Deno.test("writeKeyValue() writes what the codec writes, in sizeOfKeyValue() bytes", () => {
  const prng = new Prng(SEED);
  for (let i = 0; i < PAIRS; i++) {
    const pair = randomPair(prng);
    const message = `pair ${i}, seed ${SEED}`;
    assert.deepEqual(writtenByHelper(pair), KeyValue.encode(pair), message);
  }
});

Deno.test("writeKeyValue() writes etcd's example", () => {
  const pair = KeyValue.create({
    key: "foo",
    createRevision: 2,
    modRevision: 7,
    version: 3,
    value: bytesFromLatin1("again"),
  });
  assert.deepEqual(
    writtenByHelper(pair),
    Uint8Array.from([
      ...[0x0a, 0x03, 0x66, 0x6f, 0x6f, 0x10, 0x02, 0x18, 0x07, 0x20, 0x03],
      ...[0x2a, 0x05, 0x61, 0x67, 0x61, 0x69, 0x6e],
    ]),
  );
});

Deno.test("readers find in the bytes what was written, wherever the bytes lie", () => {
  const prng = new Prng(SEED + 1);
  for (let i = 0; i < PAIRS; i++) {
    const pair = randomPair(prng);
    const message = `pair ${i}, seed ${SEED + 1}`;
    const bytes = KeyValue.encode(pair);
    const start = prng.between(0, 9);
    const end = start + bytes.length;
    const slab = concatBytes([prng.bytes(start), bytes, prng.bytes(9)]);
    assert.equal(createRevisionOf(slab, start, end), pair.createRevision, message);
    assert.equal(modRevisionOf(slab, start, end), pair.modRevision, message);
    assert.equal(versionOf(slab, start, end), pair.version, message);
    assert.equal(leaseOf(slab, start, end), pair.lease, message);
    const value = slab.slice(valueStartOf(slab, start, end), valueEndOf(slab, start, end));
    assert.deepEqual(value, pair.value, message);
  }
});

Deno.test("copyWithoutValue() gives the bytes of the pair with an empty value", () => {
  const prng = new Prng(SEED + 2);
  for (let i = 0; i < PAIRS; i++) {
    const pair = randomPair(prng);
    const message = `pair ${i}, seed ${SEED + 2}`;
    const slab = concatBytes([prng.bytes(2), KeyValue.encode(pair), prng.bytes(2)]);
    const expected = KeyValue.encode({ ...pair, value: EMPTY_BYTES });
    const target = new Uint8Array(expected.length + 1).fill(GUARD);
    const end = copyWithoutValue(slab, 2, slab.length - 2, target, 0);
    assert.equal(end, expected.length, message);
    assert.equal(sizeWithoutValue(slab, 2, slab.length - 2), end, message);
    assert.deepEqual(target.slice(0, end), expected, message);
    assert.equal(target[end], GUARD, message);
  }
});
