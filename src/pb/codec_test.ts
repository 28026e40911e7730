import assert from "node:assert/strict";
import { bytesFromLatin1, bytesFromText, concatBytes, EMPTY_BYTES } from "../base/bytes.ts";
import {
  Compare,
  InternalRaftRequest,
  Metadata,
  PutRequest,
  RangeRequest,
  Request,
  RequestOp,
  WatchCreateRequest,
  WatchResponse,
} from "./etcdserverpb.ts";
import { Event, EventType, KeyValue } from "./mvccpb.ts";
import {
  ConfState,
  Entry,
  EntryType,
  HardState,
  Message,
  MessageType,
  Snapshot,
} from "./raftpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE, WATCH_SERVICE } from "./services.ts";
import { Record as WalRecord, Snapshot as WalSnapshot } from "./walpb.ts";

function hexFromBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesFromHex(hex: string): Uint8Array {
  const pairs = hex.replaceAll(" ", "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

Deno.test("KeyValue.encode() gives the bytes that etcd stores", () => {
  const pair = KeyValue.create({
    key: "foo",
    createRevision: 2,
    modRevision: 7,
    version: 3,
    value: bytesFromLatin1("again"),
  });
  assert.equal(hexFromBytes(KeyValue.encode(pair)), "0a03666f6f1002180720032a05616761696e");
});

/** The head of a log that etcd 3.4.23 wrote: records without frame and padding. */
const WAL_HEAD = {
  crc: "08041000",
  metadata: "080110a6ab9b0e1a1408a58fbf8edfbd9ad22c10f4f78ad3ade9fbfc3e",
  snapshot: "080510de89a5c1051a0408001000",
  state: "080310d4bdd786051a06080110001801",
  noOp: "080210bab7af81031a06080010021802",
};

Deno.test("walpb.Record.encode() gives the records that etcd 3.4 wrote", () => {
  for (const hex of Object.values(WAL_HEAD)) {
    assert.equal(hexFromBytes(WalRecord.encode(WalRecord.decode(bytesFromHex(hex)))), hex);
  }
  assert.deepEqual(WalRecord.decode(bytesFromHex(WAL_HEAD.crc)), {
    type: 4,
    crc: 0,
    data: undefined,
  });
});

Deno.test("encode() of what stands in log records gives the bytes that etcd 3.4 wrote", () => {
  const dataOf = (hex: string): Uint8Array =>
    WalRecord.decode(bytesFromHex(hex)).data ?? EMPTY_BYTES;
  const metadata = Metadata.decode(dataOf(WAL_HEAD.metadata));
  assert.deepEqual(metadata, { nodeId: 0x2ca469edf1cfc7a5n, clusterId: 0x3ef9ef4ada62bbf4n });
  assert.deepEqual(Metadata.encode(metadata), dataOf(WAL_HEAD.metadata));
  assert.deepEqual(WalSnapshot.encode(WalSnapshot.create()), dataOf(WAL_HEAD.snapshot));
  const state = HardState.create({ term: 1, commit: 1 });
  assert.deepEqual(HardState.encode(state), dataOf(WAL_HEAD.state));
  const noOp = Entry.create({ type: EntryType.EntryNormal, term: 2, index: 2 });
  assert.deepEqual(Entry.encode(noOp), dataOf(WAL_HEAD.noOp));
});

Deno.test("Message reads both forms of a link heartbeat", () => {
  const old = bytesFromHex("0808 1000 1800 2000 2800 3000 4000 4a0a12080a0228001000180050005800");
  const lean = bytesFromHex("0808");
  const { snapshot, ...rest } = Message.decode(old);
  const expected = Message.create({ type: MessageType.MsgHeartbeat });
  assert.deepEqual({ ...rest, snapshot: undefined }, { ...expected, snapshot: undefined });
  assert.deepEqual(snapshot, Snapshot.create());
  assert.deepEqual(Message.decode(lean), expected);
  const withoutSnapshot = "080810001800200028003000400050005800";
  assert.equal(hexFromBytes(Message.encode(expected)), withoutSnapshot);
});

Deno.test("ConfState.encode() writes voters unpacked and reads them packed too", () => {
  const state = ConfState.create({ voters: [1n, 2n ** 64n - 1n] });
  assert.equal(hexFromBytes(ConfState.encode(state)), "080108ffffffffffffffffff012800");
  assert.deepEqual(ConfState.decode(bytesFromHex("0a0b01ffffffffffffffffff01")), state);
});

Deno.test("decode() reads repeated enums packed and unpacked", () => {
  const packed = WatchCreateRequest.decode(bytesFromHex("2a020001"));
  const unpacked = WatchCreateRequest.decode(bytesFromHex("28002801"));
  assert.deepEqual(packed.filters, [0, 1]);
  assert.deepEqual(unpacked, packed);
  assert.equal(hexFromBytes(WatchCreateRequest.encode(unpacked)), "2a020001");
});

Deno.test("decode() merges an embedded message that comes twice", () => {
  const first = Event.encode(
    Event.create({ kv: KeyValue.create({ key: "a", version: 1, lease: 5n }) }),
  );
  const second = Event.encode(
    Event.create({ type: EventType.DELETE, kv: KeyValue.create({ key: "b", modRevision: 9 }) }),
  );
  assert.deepEqual(
    Event.decode(concatBytes([first, second])),
    Event.create({
      type: EventType.DELETE,
      kv: KeyValue.create({ key: "b", version: 1, modRevision: 9, lease: 5n }),
    }),
  );
});

Deno.test("decode() keeps the last member of a oneof", () => {
  const put = RequestOp.create({ requestPut: PutRequest.create({ key: "p" }) });
  const range = RequestOp.create({ requestRange: RangeRequest.create({ key: "r" }) });
  const both = concatBytes([RequestOp.encode(put), RequestOp.encode(range)]);
  assert.deepEqual(RequestOp.decode(both), range);
  const compare = concatBytes([
    Compare.encode(Compare.create({ value: bytesFromLatin1("v") })),
    Compare.encode(Compare.create({ version: 0 })),
  ]);
  assert.deepEqual(Compare.decode(compare), Compare.create({ version: 0 }));
});

Deno.test("decode() merges a member of a oneof that comes twice", () => {
  const first = RequestOp.encode(
    RequestOp.create({ requestPut: PutRequest.create({ key: "p", prevKv: true }) }),
  );
  const second = RequestOp.encode(
    RequestOp.create({ requestPut: PutRequest.create({ lease: 3n }) }),
  );
  assert.deepEqual(
    RequestOp.decode(concatBytes([first, second])).requestPut,
    PutRequest.create({ key: "p", prevKv: true, lease: 3n }),
  );
});

Deno.test("Compare.encode() tells a zero from an absent member", () => {
  assert.equal(hexFromBytes(Compare.encode(Compare.create({ version: 0 }))), "2000");
  assert.equal(hexFromBytes(Compare.encode(Compare.create())), "");
  assert.equal(Compare.decode(EMPTY_BYTES).version, undefined);
});

Deno.test("a bare v2 request is not taken for a proposal", () => {
  const request = Request.create({
    id: 0xc7a5a2070a1a7001n,
    method: "PUT",
    path: "/0/version",
    val: "3.4.0",
  });
  const bytes = Request.encode(request);
  assert.throws(() => InternalRaftRequest.decode(bytes), /field 10 has the wrong wire type 4/);
  assert.deepEqual(Request.decode(bytes), request);
  assert.equal(request.prevExist, undefined);
});

Deno.test("create() gives each message its own arrays", () => {
  WatchResponse.create().events.push(Event.create());
  assert.deepEqual(WatchResponse.create().events, []);
});

Deno.test("encode() and decode() keep texts beyond ASCII", () => {
  const response = WatchResponse.create({ cancelReason: "причина 🔑", watchId: -1n });
  const bytes = WatchResponse.encode(response);
  assert.deepEqual(WatchResponse.decode(bytes), response);
  assert.deepEqual(bytes.slice(-19), bytesFromText("причина 🔑"));
});

Deno.test("service tables name path, kind and codecs of every method", () => {
  assert.deepEqual(KV_SERVICE.range.path, "/etcdserverpb.KV/Range");
  assert.equal(KV_SERVICE.put.request, PutRequest);
  assert.equal(KV_SERVICE.rangeStream.responseStream, true);
  assert.equal(WATCH_SERVICE.watch.requestStream, true);
  assert.equal(MAINTENANCE_SERVICE.hashKv.path, "/etcdserverpb.Maintenance/HashKV");
});
