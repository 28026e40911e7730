import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { MESSAGE_FIELDS } from "../descriptors.ts";
import {
  allTypes,
  type AnyMessage,
  randomMessage,
  type TypeUnderTest,
} from "../testing/message_fixtures.ts";
import { Writer } from "../writer.ts";
import { JsonError } from "./json_error.ts";
import { JsonReader, readJsonMessage } from "./json_reader.ts";
import { JsonText } from "./json_text.ts";
import { JsonWriter } from "./json_writer.ts";
import { messageType } from "./message_type.ts";

const SEED = 20_261_130;
const MESSAGES_PER_TYPE = 60;

/** The types that some method uses; JSON knows no others. */
const TYPES: readonly TypeUnderTest[] = allTypes().filter(({ name }) => name in MESSAGE_FIELDS);

function jsonOf(name: string, bytes: Uint8Array, stepLength = Infinity): string {
  const text = new JsonText();
  const writer = new JsonWriter(messageType(name), bytes, 0, bytes.length, text);
  let whole = "";
  for (let isDone = false; !isDone;) {
    isDone = writer.step(stepLength);
    whole += text.bytes.toString("utf8", 0, text.length);
    text.reset();
  }
  return whole;
}

function bytesOf(name: string, json: string): Uint8Array {
  const text = Buffer.from(json);
  const writer = new Writer();
  assert.equal(readJsonMessage(messageType(name), text, 0, text.length, writer), text.length);
  return writer.finish();
}

/** Lists that are empty, and what is zero, are not shown. */
function theirJson({ reflection }: TypeUnderTest, bytes: Uint8Array): AnyMessage {
  return reflection.toObject(reflection.decode(bytes), {
    longs: String,
    enums: String,
    bytes: String,
  });
}

Deno.test("JsonWriter writes what protobufjs makes of the same bytes", () => {
  const prng = new Prng(SEED);
  for (const type of TYPES) {
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const bytes = type.codec.encode(randomMessage(type.reflection, prng).ours);
      const json = jsonOf(type.name, bytes);
      assert.deepEqual(JSON.parse(json), theirJson(type, bytes), `${type.name} ${i}, seed ${SEED}`);
      assert.equal(jsonOf(type.name, bytes, 1 + prng.between(0, 40)), json);
    }
  }
});

Deno.test("readJsonMessage() reads what JsonWriter wrote, byte by byte the same", () => {
  const prng = new Prng(SEED + 1);
  for (const type of TYPES) {
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const bytes = type.codec.encode(randomMessage(type.reflection, prng).ours);
      const read = bytesOf(type.name, jsonOf(type.name, bytes));
      assert.deepEqual([...read], [...bytes], `${type.name} ${i}, seed ${SEED + 1}`);
    }
  }
});

Deno.test("JsonReader reads the same in steps of any length, and finds the same wrong", () => {
  const prng = new Prng(SEED + 4);
  const outcome = (type: TypeUnderTest, text: Buffer, step: () => number): string => {
    const writer = new Writer();
    const reader = new JsonReader(messageType(type.name), text, 0, text.length, writer);
    try {
      while (!reader.step(step()));
      return Buffer.from(writer.finish()).toString("hex");
    } catch (error) {
      return String(error);
    }
  };
  for (const type of TYPES) {
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const bytes = type.codec.encode(randomMessage(type.reflection, prng).ours);
      const value = changed(JSON.parse(jsonOf(type.name, bytes)), prng);
      const sound = Buffer.from(JSON.stringify(value));
      const text = prng.chance(0.5) ? sound : withBroken(sound, prng);
      const whole = outcome(type, text, () => Infinity);
      assert.equal(outcome(type, text, () => prng.between(1, 9)), whole, `seed ${SEED + 4}`);
    }
  }
});

Deno.test("readJsonMessage() takes any layout, camel case names and members it does not know", () => {
  const prng = new Prng(SEED + 2);
  for (const type of TYPES) {
    for (let i = 0; i < MESSAGES_PER_TYPE; i++) {
      const bytes = type.codec.encode(randomMessage(type.reflection, prng).ours);
      const value = changed(JSON.parse(jsonOf(type.name, bytes)), prng);
      const json = JSON.stringify(value, null, prng.pick(["", " ", "\n\t"]));
      const read = type.codec.decode(bytesOf(type.name, json));
      assert.deepEqual(read, type.codec.decode(bytes), `${json}, seed ${SEED + 2}`);
    }
  }
});

/** The same for whoever knows the message: other names, members behind, nulls. */
function changed(value: unknown, prng: Prng): unknown {
  if (Array.isArray(value)) return value.map((element) => changed(element, prng));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, each]): [string, unknown] => [
    prng.chance(0.5) ? name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()) : name,
    changed(each, prng),
  ]);
  if (prng.chance(0.3)) members.push(["nobody knows", { "a\\": [1, null, { b: '\u20ac"' }] }]);
  if (prng.chance(0.3)) members.unshift(["", "\n"]);
  return Object.fromEntries(members);
}

Deno.test("readJsonMessage() throws nothing but JsonError, whatever it reads", () => {
  const prng = new Prng(SEED + 3);
  const pieces = [...'{}[]:,"\\ntf-0.1eE \n\x00\x7f\xff', "null", "true", '"key"', '"success"'];
  let failureCount = 0;
  for (let i = 0; i < 20_000; i++) {
    const type = prng.pick(TYPES);
    const bytes = type.codec.encode(randomMessage(type.reflection, prng).ours);
    const text = Buffer.from(jsonOf(type.name, bytes));
    const broken = prng.chance(0.5)
      ? withBroken(text, prng)
      : Buffer.from(Array.from({ length: 12 }, () => prng.pick(pieces)).join(""), "latin1");
    try {
      readJsonMessage(messageType(type.name), broken, 0, broken.length, new Writer());
    } catch (error) {
      assert(error instanceof JsonError, `${broken}: ${error}, seed ${SEED + 3}`);
      assert.match(error.message, /^(proto: |invalid character |unexpected EOF$)/);
      failureCount++;
    }
  }
  assert(failureCount > 5_000, String(failureCount));
});

function withBroken(text: Buffer, prng: Prng): Buffer {
  const copy = Buffer.from(text);
  for (let i = prng.between(1, 3); i > 0 && copy.length > 0; i--) {
    copy[prng.between(0, copy.length - 1)] = prng.between(0, 255);
  }
  return prng.chance(0.3) ? copy.subarray(0, prng.between(0, copy.length)) : copy;
}

Deno.test("JsonWriter keeps all 64 bits and knows both signs", () => {
  const name = "etcdserverpb.RangeRequest";
  for (const limit of ["9223372036854775807", "-9223372036854775808", "-1", "9007199254740993"]) {
    assert.equal(jsonOf(name, bytesOf(name, `{"limit":"${limit}"}`)), `{"limit":"${limit}"}`);
    assert.equal(jsonOf(name, bytesOf(name, `{"limit":${limit}}`)), `{"limit":"${limit}"}`);
  }
  const id = "18446744073709551615";
  const header = "etcdserverpb.ResponseHeader";
  assert.equal(jsonOf(header, bytesOf(header, `{"member_id":${id}}`)), `{"member_id":"${id}"}`);
});

Deno.test("JsonWriter leaves zeros out even where they were written", () => {
  // key 1: "", limit 3: 0, sort_order 5: 0
  const bytes = Uint8Array.of(0x0a, 0, 0x18, 0, 0x28, 0);
  assert.equal(jsonOf("etcdserverpb.RangeRequest", bytes), "{}");
});

Deno.test("JsonWriter writes numbers for values that an enum does not have", () => {
  const name = "etcdserverpb.RangeRequest";
  assert.equal(jsonOf(name, bytesOf(name, '{"sort_order":7}')), '{"sort_order":7}');
  assert.equal(jsonOf(name, bytesOf(name, '{"sort_order":-7}')), '{"sort_order":-7}');
});

Deno.test("readJsonMessage() nests messages as deep as the decoder does, and no deeper", () => {
  const nested = (depth: number): string =>
    depth === 0 ? "{}" : `{"success":[{"request_txn":${nested(depth - 1)}}]}`;
  assert(bytesOf("etcdserverpb.TxnRequest", nested(140)).length > 0);
  assert.throws(() => bytesOf("etcdserverpb.TxnRequest", nested(1_000)), JsonError);
  const unknown = '{"x":' + "[".repeat(9_000) + "]".repeat(9_000) + "}";
  assert.equal(bytesOf("etcdserverpb.TxnRequest", unknown).length, 0);
  const tooDeep = '{"x":' + "[".repeat(11_000) + "]".repeat(11_000) + "}";
  assert.throws(() => bytesOf("etcdserverpb.TxnRequest", tooDeep), /exceeded max depth/);
});
