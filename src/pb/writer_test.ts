import assert from "node:assert/strict";
import { Prng } from "../base/prng.ts";
import { protobuf } from "../deps/protobufjs.ts";
import { PB_LIMITS } from "./limits.ts";
import { varintSize, Writer } from "./writer.ts";

const SEED = 7;

function written(write: (writer: Writer) => void): number[] {
  const writer = new Writer();
  write(writer);
  return [...writer.finish()];
}

function theirs(write: (writer: protobuf.Writer) => void): number[] {
  const writer = protobuf.Writer.create();
  write(writer);
  return [...writer.finish()];
}

Deno.test("int64Number() and int64() write what protobufjs writes around every power of two", () => {
  for (let exponent = 0; exponent < 53; exponent++) {
    for (const number of [2 ** exponent - 1, 2 ** exponent, -(2 ** exponent)]) {
      const expected = theirs((writer) => writer.int64(String(number)));
      assert.deepEqual(written((writer) => writer.int64Number(number)), expected, `${number}`);
      assert.deepEqual(written((writer) => writer.int64(BigInt(number))), expected, `${number}n`);
      if (number < 0) continue;
      assert.deepEqual(written((writer) => writer.uint64Number(number)), expected, `u${number}`);
    }
  }
});

Deno.test("int64() writes what protobufjs writes for any 64 bits", () => {
  const prng = new Prng(SEED);
  for (let i = 0; i < 2000; i++) {
    const unsigned = prng.uint64() >> BigInt(prng.between(0, 63));
    const signed = BigInt.asIntN(64, unsigned);
    for (const value of [unsigned, signed]) {
      const expected = theirs((writer) => writer.uint64(String(unsigned)));
      assert.deepEqual(written((writer) => writer.int64(value)), expected, `${value}`);
    }
  }
});

Deno.test("int64Number() and uint64Number() write the nearest number that fits", () => {
  const max = written((writer) => writer.int64(2n ** 63n - 1n));
  const min = written((writer) => writer.int64(-(2n ** 63n)));
  const maxUnsigned = written((writer) => writer.int64(2n ** 64n - 1n));
  assert.deepEqual(written((writer) => writer.int64Number(2 ** 63)), max);
  assert.deepEqual(written((writer) => writer.int64Number(1e300)), max);
  assert.deepEqual(written((writer) => writer.int64Number(-(2 ** 63))), min);
  assert.deepEqual(written((writer) => writer.int64Number(-1e300)), min);
  assert.deepEqual(written((writer) => writer.uint64Number(2 ** 64)), maxUnsigned);
  const half = written((writer) => writer.int64(2n ** 63n));
  assert.deepEqual(written((writer) => writer.uint64Number(2 ** 63)), half);
});

Deno.test("number methods refuse what is not a whole number", () => {
  const writer = new Writer();
  for (const value of [0.5, NaN, Infinity]) {
    assert.throws(() => writer.int64Number(value), /whole number/);
    assert.throws(() => writer.uint64Number(value), /whole number/);
  }
  assert.throws(() => writer.uint64Number(-1), /not negative/);
});

Deno.test("latin1() refuses characters that do not fit a byte", () => {
  const writer = new Writer();
  writer.latin1("\u00ff");
  assert.throws(() => writer.latin1("\u0100"), /one byte a character/);
});

Deno.test("string() writes UTF-8 after characters of one byte", () => {
  for (const text of ["", "plain", "a".repeat(200), "a".repeat(126) + "é", "鍵🔑"]) {
    const expected = theirs((writer) => writer.string(text));
    assert.deepEqual(written((writer) => writer.string(text)), expected, text);
  }
});

Deno.test("endMessage() makes room for any length", () => {
  for (const length of [0, 1, 127, 128, 129, 16383, 16384, 2097151, 2097152]) {
    const content = new Uint8Array(length).fill(7);
    const bytes = written((writer) => {
      writer.tag(10);
      const start = writer.beginMessage();
      writer.raw(content);
      writer.endMessage(start);
      writer.tag(16);
    });
    const expected = theirs((writer) => writer.uint32(10).bytes(content).uint32(16));
    assert.ok(length > 10_000 || bytes.length === expected.length);
    assert.deepEqual(bytes.slice(0, 200), expected.slice(0, 200), `${length}`);
    assert.deepEqual(bytes.slice(-3), expected.slice(-3), `${length}`);
  }
});

Deno.test("every method makes room at the end of the buffer", () => {
  const capacity = PB_LIMITS.writerInitialBytes;
  const methods: Array<(writer: Writer) => void> = [
    (writer) => writer.tag(10),
    (writer) => writer.tag(1_000_000),
    (writer) => writer.bool(true),
    (writer) => writer.uint32(0xffff_ffff),
    (writer) => writer.int32(-1),
    (writer) => writer.int64Number(-1),
    (writer) => writer.uint64Number(2 ** 60),
    (writer) => writer.int64(-1n),
    (writer) => writer.fixed32(0xdead_beef),
    (writer) => writer.fixed64(0xdead_beef_0000_0001n),
    (writer) => writer.bytes(Uint8Array.of(1, 2, 3)),
    (writer) => writer.latin1("abc"),
    (writer) => writer.string("abc"),
    (writer) => writer.string("éèê"),
    (writer) => writer.raw(Uint8Array.of(1, 2, 3)),
    (writer) => writer.endMessage(writer.beginMessage()),
  ];
  for (const [i, method] of methods.entries()) {
    const expected = written(method);
    for (let left = 0; left <= 24; left++) {
      const writer = new Writer();
      writer.raw(new Uint8Array(capacity - left));
      method(writer);
      const tail = [...writer.finish()].slice(capacity - left);
      assert.deepEqual(tail, expected, `method ${i}, ${left} bytes left`);
    }
  }
});

Deno.test("finish() gives bytes that later writing leaves alone", () => {
  const writer = new Writer();
  for (const length of [10, 100, PB_LIMITS.slabShareBytes + 1]) {
    writer.reset();
    writer.raw(new Uint8Array(length).fill(1));
    const first = writer.finish();
    writer.reset();
    writer.raw(new Uint8Array(length).fill(2));
    const second = writer.finish();
    assert.ok(first.every((byte) => byte === 1) && first.length === length);
    assert.ok(second.every((byte) => byte === 2) && second.length === length);
  }
});

Deno.test("finish() keeps apart what shares a slab, over many slabs", () => {
  const writer = new Writer();
  const messages = Array.from({ length: 500 }, (_, i) => {
    writer.reset();
    writer.raw(new Uint8Array(i).fill(i & 0xff));
    return writer.finish();
  });
  for (const [i, bytes] of messages.entries()) {
    assert.equal(bytes.length, i);
    assert.ok(bytes.every((byte) => byte === (i & 0xff)), `message ${i}`);
  }
});

Deno.test("reset() gives the memory of a huge message back", () => {
  const writer = new Writer();
  writer.raw(new Uint8Array(PB_LIMITS.writerRetainedBytes + 1));
  writer.reset();
  assert.equal(writer.buffer.length, PB_LIMITS.writerInitialBytes);
  assert.equal(writer.position, 0);
});

Deno.test("varintSize() says how long uint32() writes", () => {
  for (let exponent = 0; exponent <= 32; exponent++) {
    for (const value of [2 ** exponent - 1, 2 ** exponent].filter((n) => n < 2 ** 32)) {
      assert.equal(varintSize(value), written((writer) => writer.uint32(value)).length, `${value}`);
    }
  }
});
