import assert from "node:assert/strict";
import { Prng } from "../base/prng.ts";
import { InternalRaftRequest, PutRequest, Request, RequestHeader } from "./etcdserverpb.ts";
import { encodeRaftRequest, readRaftRequestCounter } from "./raft_request.ts";

const PUT_FIELD = 4;
const VERSION_FIELD = 1300;

Deno.test("encodeRaftRequest() makes an InternalRaftRequest that any decoder reads", () => {
  const put = PutRequest.encode(PutRequest.create({ key: "k", value: new Uint8Array([1, 2, 3]) }));
  const data = encodeRaftRequest(PUT_FIELD, put, 0, put.length, 0xc7a5, 0xa2070a1a7001);
  const request = InternalRaftRequest.decode(data);
  assert.equal(request.header?.id, 0xc7a5a2070a1a7001n);
  assert.equal(request.put?.key, "k");
  assert.deepEqual([...request.put?.value ?? []], [1, 2, 3]);
});

Deno.test("encodeRaftRequest() puts the request's bytes at the end as they came", () => {
  const prng = new Prng(1);
  for (const length of [0, 1, 64, 65, 1000, 100_000]) {
    const bytes = prng.bytes(length + 7);
    const data = encodeRaftRequest(VERSION_FIELD, bytes, 3, 3 + length, 1, 1);
    assert.deepEqual(data.subarray(data.length - length), bytes.subarray(3, 3 + length));
  }
});

Deno.test("encodeRaftRequest() tells in whose name a request is, however long that is", () => {
  const put = PutRequest.encode(PutRequest.create({ key: "k" }));
  for (const length of [1, 100, 108, 127, 128, 20_000, 3_000_000]) {
    const header = RequestHeader.create({ username: "u".repeat(length), authRevision: 300 });
    const fields = RequestHeader.encode(header);
    const data = encodeRaftRequest(PUT_FIELD, put, 0, put.length, 0xc7a5, 0xa2070a1a7001, fields);
    const request = InternalRaftRequest.decode(data);
    assert.deepEqual(request.header, { ...header, id: 0xc7a5a2070a1a7001n });
    assert.equal(request.put?.key, "k");
    assert.equal(readRaftRequestCounter(data, 0xc7a5), 0xa2070a1a7001);
  }
});

Deno.test("readRaftRequestCounter() finds the ID of a member's own requests again", () => {
  const prng = new Prng(2);
  const bytes = new Uint8Array(0);
  for (let i = 0; i < 2000; i++) {
    const memberBits = prng.between(0, 0xffff);
    const bits = prng.between(0, 48);
    const counter = Math.floor(prng.fraction() * 2 ** bits);
    const data = encodeRaftRequest(PUT_FIELD, bytes, 0, 0, memberBits, counter);
    assert.equal(readRaftRequestCounter(data, memberBits), counter);
    assert.equal(readRaftRequestCounter(data, memberBits ^ 1), undefined);
    const id = InternalRaftRequest.decode(data).header?.id;
    assert.equal(id, (BigInt(memberBits) << 48n) | BigInt(counter));
  }
});

Deno.test("readRaftRequestCounter() finds the ID of a bare request of the v2 API", () => {
  const prng = new Prng(3);
  for (let i = 0; i < 500; i++) {
    const memberBits = prng.between(0, 0xffff);
    const counter = Math.floor(prng.fraction() * 2 ** prng.between(1, 48));
    const id = (BigInt(memberBits) << 48n) | BigInt(counter);
    const data = Request.encode(Request.create({ id, method: "PUT", path: "/0/version" }));
    assert.equal(readRaftRequestCounter(data, memberBits), counter);
    assert.equal(readRaftRequestCounter(data, memberBits ^ 1), undefined);
  }
});

Deno.test("readRaftRequestCounter() takes entries of others for what they are", () => {
  const request = InternalRaftRequest.create({ put: PutRequest.create({ key: "k" }) });
  assert.equal(readRaftRequestCounter(InternalRaftRequest.encode(request), 1), undefined);
  for (
    const bytes of [[], [0xa2], [0xa2, 6, 1], [0xa2, 6, 9, 8], [0xa2, 6, 1, 8, 0x80], [8], [
      8,
      0x80,
    ]]
  ) {
    const counter = readRaftRequestCounter(new Uint8Array(bytes), 1);
    assert.equal(counter, undefined, `${bytes}`);
  }
});
