import assert from "node:assert/strict";
import { bytesFromLatin1, concatBytes } from "../base/bytes.ts";
import { DecodeError } from "./decode_error.ts";
import {
  InternalRaftRequest,
  PutRequest,
  Request,
  TxnRequest,
  WatchCreateRequest,
} from "./etcdserverpb.ts";
import { PB_LIMITS } from "./limits.ts";
import { Entry } from "./raftpb.ts";

const TXN_SUCCESS_TAG = 0x12;
const REQUEST_OP_TXN_TAG = 0x22;
const INTERNAL_RAFT_REQUEST_TXN_TAG = 0x32;

function bytesFromHex(hex: string): Uint8Array {
  const pairs = hex.replaceAll(" ", "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

function assertRefused(
  decode: (bytes: Uint8Array) => unknown,
  hex: string,
  message: RegExp,
): void {
  assert.throws(() => decode(bytesFromHex(hex)), (error) => {
    assert.ok(error instanceof DecodeError);
    assert.match(error.message, message);
    return true;
  }, hex);
}

Deno.test("decode() refuses a message that is cut off at any byte of its last field", () => {
  const bytes = PutRequest.encode(
    PutRequest.create({ key: "key", value: new Uint8Array(200), lease: -1n }),
  );
  const fieldEnds = [5, 208, bytes.length];
  for (let end = 1; end < bytes.length; end++) {
    const cut = bytes.slice(0, end);
    if (fieldEnds.includes(end)) PutRequest.decode(cut);
    else assert.throws(() => PutRequest.decode(cut), DecodeError, `cut at ${end}`);
  }
});

Deno.test("decode() does not look behind the given end", () => {
  const bytes = bytesFromHex("0a 03 61 62 63");
  assert.throws(() => PutRequest.decode(bytes, 0, 4), DecodeError);
  assert.throws(() => PutRequest.decode(bytes, 0, 6), DecodeError);
  assert.equal(PutRequest.decode(bytes, 0, 5).key, "abc");
});

Deno.test("decode() says that a value ends too early even when other bytes follow the message", () => {
  // A varint without its first byte, one without its last, a fixed32 and a fixed64 of one byte.
  for (const hex of ["18", "1880", "7d00", "7900"]) {
    assertRefused(PutRequest.decode, hex, /ends too early/);
    const decodeFirst = (bytes: Uint8Array): unknown => PutRequest.decode(bytes, 0, hex.length / 2);
    assertRefused(decodeFirst, `${hex} 00 00 00 00 00 00 00 00`, /ends too early/);
  }
});

Deno.test("decode() refuses varints of more than 64 bits", () => {
  assertRefused(PutRequest.decode, "18 80 80 80 80 80 80 80 80 80 80 00", /too long/);
  assertRefused(PutRequest.decode, "18 ff ff ff ff ff ff ff ff ff 02", /larger than 64 bits/);
  assert.equal(PutRequest.decode(bytesFromHex("18 ff ff ff ff ff ff ff ff ff 01")).lease, -1n);
  assert.equal(PutRequest.decode(bytesFromHex("18 81 80 80 80 80 80 80 80 80 00")).lease, 1n);
});

Deno.test("decode() refuses field numbers that cannot be", () => {
  assertRefused(PutRequest.decode, "00 00", /number 0/);
  assertRefused(PutRequest.decode, "07", /number 0/);
  assertRefused(PutRequest.decode, "80 00 00", /number 0/);
  assertRefused(PutRequest.decode, "88 80 80 80 10 01", /field number is too large/);
});

Deno.test("decode() refuses groups and wire types that do not exist", () => {
  for (const tag of ["7b", "7c", "7e", "7f"]) {
    assertRefused(PutRequest.decode, `${tag} 00`, /field 15 has the unknown wire type/);
  }
});

Deno.test("decode() refuses a known field with another wire type", () => {
  assertRefused(PutRequest.decode, "08 01", /field 1 has the wrong wire type 0/);
  assertRefused(PutRequest.decode, "1a 01 61", /field 3 has the wrong wire type 2/);
  assertRefused(PutRequest.decode, "0b 0c", /field 1 has the wrong wire type 3/);
  assertRefused(InternalRaftRequest.decode, "25 00 00 00 00", /field 4 has the wrong wire type 5/);
});

Deno.test("decode() refuses lengths that reach over their message", () => {
  assertRefused(PutRequest.decode, "12 ff ff ff ff 0f", /ends too early/);
  assertRefused(PutRequest.decode, "12 ff ff ff ff ff ff ff ff 7f", /ends too early/);
  assertRefused(PutRequest.decode, "12 ff ff ff ff ff ff ff ff ff 01", /ends too early/);
  // The inner put claims three bytes of key where its own message has one left.
  assertRefused(InternalRaftRequest.decode, "22 03 0a 03 61 62 63", /over the end/);
  assertRefused(WatchCreateRequest.decode, "2a 01 80 01", /over its run/);
});

Deno.test("decode() refuses texts that are not UTF-8 and takes any byte in keys", () => {
  assertRefused(Request.decode, "12 02 c3 28", /not UTF-8/);
  assertRefused(Request.decode, "12 03 ed a0 80", /not UTF-8/);
  assert.equal(Request.decode(bytesFromHex("12 03 ef bb bf")).method, "\ufeff");
  assert.equal(PutRequest.decode(bytesFromHex("0a 02 c3 28")).key, "\u00c3(");
});

Deno.test("decode() takes what needs fewer bits than it has", () => {
  assert.equal(PutRequest.decode(bytesFromHex("20 80 80 80 80 10")).prevKv, true);
  assert.equal(Entry.decode(bytesFromHex("08 ff ff ff ff ff ff ff ff ff 01")).type, -1);
  assert.equal(Entry.decode(bytesFromHex("18 ff ff ff ff ff ff ff 0f")).index, 2 ** 53 - 1);
});

Deno.test("decode() bounds how deep transactions nest, in a log entry one level further", () => {
  // Each transaction inside another is two levels: the operation and the transaction.
  const nested = (PB_LIMITS.nestingDepth - 2) / 2;
  TxnRequest.decode(nestedTransactions(nested));
  assert.throws(() => TxnRequest.decode(nestedTransactions(nested + 1)), /nest too deep/);
  InternalRaftRequest.decode(
    embedded(INTERNAL_RAFT_REQUEST_TXN_TAG, nestedTransactions(nested)),
  );
  const tooDeep = embedded(INTERNAL_RAFT_REQUEST_TXN_TAG, nestedTransactions(nested + 1));
  assert.throws(() => InternalRaftRequest.decode(tooDeep), /nest too deep/);
});

Deno.test("decode() counts depth, not messages", () => {
  const operation = embedded(TXN_SUCCESS_TAG, embedded(REQUEST_OP_TXN_TAG, new Uint8Array(0)));
  const many = concatBytes(Array.from({ length: 1000 }, () => operation));
  assert.equal(TxnRequest.decode(many).success.length, 1000);
});

/** A transaction with so many more inside, and an empty operation at the bottom. */
function nestedTransactions(count: number): Uint8Array {
  let bytes: Uint8Array = embedded(TXN_SUCCESS_TAG, new Uint8Array(0));
  for (let i = 0; i < count; i++) {
    bytes = embedded(TXN_SUCCESS_TAG, embedded(REQUEST_OP_TXN_TAG, bytes));
  }
  return bytes;
}

function embedded(tag: number, bytes: Uint8Array): Uint8Array {
  const length = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) + 0x80);
  return concatBytes([Uint8Array.of(tag, ...length, rest), bytes]);
}

Deno.test("decode() gives views of the input", () => {
  const bytes = concatBytes([bytesFromHex("12 04"), bytesFromLatin1("data")]);
  const { value } = PutRequest.decode(bytes);
  assert.equal(value.buffer, bytes.buffer);
  assert.deepEqual(value, bytesFromLatin1("data"));
});
