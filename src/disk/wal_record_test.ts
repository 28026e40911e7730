import assert from "node:assert/strict";
import { Prng } from "../base/prng.ts";
import { Entry } from "../pb/raftpb.ts";
import { Record, Snapshot } from "../pb/walpb.ts";
import { isEmptyHardState, RecordEncoder } from "./wal_record.ts";
import { newEntry } from "./testing/wal_fixtures.ts";

function hexOf(encoder: RecordEncoder): string {
  return encoder.buffer.subarray(0, encoder.sizeBytes).toHex();
}

/** The frames in the bytes, taken apart by the definition and protobuf alone. */
function* recordsIn(bytes: Uint8Array): Generator<Record> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 0; offset < bytes.length;) {
    const field = view.getBigUint64(offset, true);
    const recordBytes = Number(field & 0xff_ffff_ffff_ffffn);
    const flags = Number(field >> 56n);
    const padding = (flags & 0x80) === 0 ? 0 : flags & 7;
    const end = offset + 8 + recordBytes;
    yield Record.decode(bytes, offset + 8, end);
    assert.ok(bytes.subarray(end, end + padding).every((byte) => byte === 0));
    offset = end + padding;
    assert.equal(offset % 8, 0);
  }
}

// The head of a log that etcd 3.4.23 wrote.
const METADATA = Uint8Array.fromHex("08a58fbf8edfbd9ad22c10f4f78ad3ade9fbfc3e");
const REAL_HEAD = "0400000000000084" + "0804100000000000" +
  "1d00000000000083" + "080110a6ab9b0e1a1408a58fbf8edfbd9ad22c10f4f78ad3ade9fbfc3e000000" +
  "0e00000000000082" + "080510de89a5c1051a04080010000000";

Deno.test("RecordEncoder writes the head of a log like etcd", () => {
  const encoder = new RecordEncoder(0);
  encoder.checksum();
  encoder.metadata(METADATA);
  encoder.snapshot(Snapshot.create());
  assert.equal(hexOf(encoder), REAL_HEAD);
});

Deno.test("RecordEncoder continues a log like etcd", () => {
  // The checksum of the record before: the entry that adds the first member.
  const encoder = new RecordEncoder(Record.decode(Uint8Array.fromHex("108df4ced603")).crc);
  encoder.hardState({ term: 1, vote: 0n, commit: 1 });
  encoder.entry({ type: 0, term: 2, index: 2, data: undefined });
  assert.equal(
    hexOf(encoder),
    "1000000000000000" + "080310d4bdd786051a06080110001801" +
      "1000000000000000" + "080210bab7af81031a06080010021802",
  );
});

Deno.test("RecordEncoder writes what protobuf reads, whatever sizes and checksums are", () => {
  const prng = new Prng(7);
  const encoder = new RecordEncoder(0);
  const entries: Entry[] = [];
  for (let i = 0; i < 3000; i++) {
    const size = prng.chance(0.05) ? prng.between(0, 70_000) : prng.between(0, 300);
    const data = prng.chance(0.1) ? undefined : new Uint8Array(size).fill(i);
    const term = prng.chance(0.1) ? Number.MAX_SAFE_INTEGER : prng.between(1, 300);
    entries.push(newEntry(i + 1, term, data));
  }
  encoder.entries(entries);
  const read = [...recordsIn(encoder.buffer.subarray(0, encoder.sizeBytes))];
  assert.equal(read.length, entries.length);
  for (let i = 0; i < read.length; i++) {
    assert.equal(read[i].type, 2);
    const data = read[i].data;
    assert.ok(data !== undefined);
    assert.deepEqual(Entry.decode(data), { ...entries[i] });
  }
  assert.equal(read[read.length - 1].crc, encoder.crc);
});

Deno.test("isEmptyHardState() holds only if all three fields are zero", () => {
  assert.ok(isEmptyHardState({ term: 0, vote: 0n, commit: 0 }));
  assert.ok(!isEmptyHardState({ term: 1, vote: 0n, commit: 0 }));
  assert.ok(!isEmptyHardState({ term: 0, vote: 1n, commit: 0 }));
  assert.ok(!isEmptyHardState({ term: 0, vote: 0n, commit: 1 }));
});
