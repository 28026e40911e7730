import assert from "node:assert/strict";
import { concatBytes } from "../base/bytes.ts";
import { Prng } from "../base/prng.ts";
import { allTypes, randomMessage } from "./testing/message_fixtures.ts";
import { Writer } from "./writer.ts";

const SEED = 20_261_123;
const MESSAGES_PER_TYPE = 40;
const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_LENGTH = 2;

Deno.test("encode() writes the bytes that protobufjs writes", () => {
  const prng = new Prng(SEED);
  for (const { name, codec, reflection } of allTypes()) {
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const { ours, theirs } = randomMessage(reflection, prng);
      const expected = reflection.encode(reflection.fromObject(theirs)).finish();
      assert.deepEqual([...codec.encode(ours)], [...expected], `${name} ${i}, seed ${SEED}`);
    }
  }
});

Deno.test("decode() reads what protobufjs wrote, in the middle of other bytes", () => {
  const prng = new Prng(SEED + 1);
  for (const { name, codec, reflection } of allTypes()) {
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const { ours, theirs } = randomMessage(reflection, prng);
      const bytes = reflection.encode(reflection.fromObject(theirs)).finish();
      const chunk = concatBytes([prng.bytes(5), bytes, prng.bytes(5)]);
      const decoded = codec.decode(chunk, 5, 5 + bytes.length);
      assert.deepEqual(decoded, ours, `${name} ${i}, seed ${SEED + 1}`);
    }
  }
});

Deno.test("decode() gives every field in one order when fields are missing", () => {
  for (const { name, codec, reflection } of allTypes()) {
    const full = randomMessage(reflection, new Prng(SEED)).ours;
    assert.deepEqual(Object.keys(codec.decode(new Uint8Array(0))), Object.keys(full), name);
  }
});

Deno.test("decode() does not care for the order of fields and skips those it does not know", () => {
  const prng = new Prng(SEED + 2);
  for (const { name, codec, reflection } of allTypes()) {
    const used = reflection.fieldsArray.map((field) => field.id);
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const { ours } = randomMessage(reflection, prng);
      const shuffled = shuffledFields(codec.encode(ours), used, prng);
      assert.deepEqual(codec.decode(shuffled), ours, `${name} ${i}, seed ${SEED + 2}`);
    }
  }
});

/** The fields in another order, elements of one field in theirs, with unknown fields between. */
function shuffledFields(bytes: Uint8Array, used: readonly number[], prng: Prng): Uint8Array {
  const byNumber = new Map<number, Uint8Array[]>();
  for (const { number, field } of splitFields(bytes)) {
    const list = byNumber.get(number) ?? [];
    list.push(field);
    byNumber.set(number, list);
  }
  const parts: Uint8Array[] = [];
  while (byNumber.size > 0) {
    if (prng.chance(0.3)) parts.push(unknownField(used, prng));
    const number = prng.pick([...byNumber.keys()]);
    const list = byNumber.get(number) ?? [];
    parts.push(list[0]);
    if (list.length === 1) byNumber.delete(number);
    else byNumber.set(number, list.slice(1));
  }
  return concatBytes([...parts, unknownField(used, prng)]);
}

function splitFields(bytes: Uint8Array): Array<{ number: number; field: Uint8Array }> {
  const fields = [];
  for (let start = 0, position = 0; start < bytes.length; start = position) {
    const [tag, behindTag] = varint(bytes, start);
    const [length, behindVarint] = varint(bytes, behindTag);
    position = tag % 8 === WIRE_LENGTH ? behindVarint + length : behindVarint;
    fields.push({ number: Math.floor(tag / 8), field: bytes.slice(start, position) });
  }
  return fields;
}

function varint(bytes: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  let position = start;
  do value += (bytes[position] % 0x80) * 0x80 ** (position - start); while (
    bytes[position++] >= 0x80
  );
  return [value, position];
}

function unknownField(used: readonly number[], prng: Prng): Uint8Array {
  const writer = new Writer();
  const number = prng.pick([15, 16, 99, 5000, 0x1fff_ffff].filter((id) => !used.includes(id)));
  const wireType = prng.pick([WIRE_VARINT, WIRE_FIXED64, WIRE_LENGTH, 5]);
  writer.tag(number * 8 + wireType);
  if (wireType === WIRE_VARINT) writer.int64(prng.uint64());
  else if (wireType === WIRE_FIXED64) writer.fixed64(prng.uint64());
  else if (wireType === WIRE_LENGTH) writer.bytes(prng.bytes(prng.between(0, 200)));
  else writer.fixed32(prng.uint32());
  return writer.finish();
}
