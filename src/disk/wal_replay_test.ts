import assert from "node:assert/strict";
import { writeFile } from "./testing/files.ts";
import { Entry, HardState } from "../pb/raftpb.ts";
import { Record, Snapshot } from "../pb/walpb.ts";
import { crc32c } from "../base/crc32c.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import type { MemoryFileSystem } from "./memory_file_system.ts";
import {
  BEGINNING,
  METADATA,
  newEntry,
  newMemoryDisk,
  readWal,
  readWalSnapshots,
  reopenWal,
  walOptions,
} from "./testing/wal_fixtures.ts";
import { RecordEncoder } from "./wal_record.ts";
import { type WalContents, WalReplay } from "./wal_replay.ts";
import { newWalSegment } from "./wal_segment.ts";
import { WalSegmentReader } from "./wal_segment_reader.ts";

/** A log whose segments were put together by hand. */
class HandmadeLog {
  readonly fileSystem: MemoryFileSystem = newMemoryDisk();
  readonly encoder = new RecordEncoder(0);
  #sequence = 0;

  constructor() {
    this.fileSystem.makeDirectory("data/wal");
  }

  /** A segment with the records that `fill` encodes behind the usual head. */
  segment(index: number, fill: (encoder: RecordEncoder) => void, metadata = METADATA): this {
    return this.rawSegment(index, (encoder) => {
      encoder.checksum();
      encoder.metadata(metadata);
      if (this.#sequence === 0) encoder.snapshot(Snapshot.create());
      fill(encoder);
    });
  }

  /** A segment with only what `fill` encodes. */
  rawSegment(index: number, fill: (encoder: RecordEncoder) => void): this {
    this.encoder.reset();
    fill(this.encoder);
    const path = `data/wal/${newWalSegment(this.#sequence, index).name}`;
    const bytes = this.encoder.buffer.slice(0, this.encoder.sizeBytes);
    writeFile(this.fileSystem, path, bytes);
    this.#sequence++;
    return this;
  }

  read(start = BEGINNING): WalContents {
    return readWal(this.fileSystem, "data/wal", start);
  }
}

/** A record that the encoder would not write. */
function oddRecord(encoder: RecordEncoder, type: number, data: Uint8Array): void {
  const crc = crc32c(data, 0, data.length, encoder.crc);
  const record = Record.encode({ type, crc, data });
  // A metadata record of the same size has the same frame.
  const start = encoder.sizeBytes;
  encoder.metadata(data);
  encoder.buffer.set(record, start + 8);
}

function recordTypes(fileSystem: MemoryFileSystem, path: string): number[] {
  const reader = new WalSegmentReader(fileSystem.open(path, "read"), true, 0);
  const types: number[] = [];
  while (reader.next()) types.push(reader.type);
  return types;
}

function throwsCorrupt(log: HandmadeLog, message: RegExp): void {
  assert.throws(() => log.read(), (error) => {
    assert.ok(error instanceof DiskError);
    assert.equal(error.code, DiskErrorCode.CORRUPT);
    assert.match(error.path, /data.wal.[0-9a-f]{16}-[0-9a-f]{16}\.wal$/);
    assert.notEqual(error.offset, undefined);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("readWal() takes the last state and lets later entries replace a suffix", () => {
  const log = new HandmadeLog()
    .segment(0, (encoder) => {
      encoder.entries([newEntry(1, 1), newEntry(2, 1), newEntry(3, 1)]);
      encoder.hardState({ term: 1, vote: 1n, commit: 1 });
      encoder.entry(newEntry(2, 2));
    })
    .segment(3, (encoder) => {
      encoder.hardState({ term: 2, vote: 2n, commit: 1 });
      encoder.entries([newEntry(3, 2), newEntry(4, 2), newEntry(4, 3)]);
    });
  const { entries, hardState } = log.read();
  assert.deepEqual(entries, [newEntry(1, 1), newEntry(2, 2), newEntry(3, 2), newEntry(4, 3)]);
  assert.deepEqual(hardState, { term: 2, vote: 2n, commit: 1 });
});

Deno.test("readWal() starts behind a snapshot, in the segment that may hold what follows", () => {
  const log = new HandmadeLog()
    .segment(0, (encoder) => encoder.entries([newEntry(1, 1), newEntry(2, 1)]))
    .segment(3, (encoder) => {
      encoder.entries([newEntry(3, 1), newEntry(4, 1)]);
      encoder.snapshot({ index: 3, term: 1, confState: undefined });
      encoder.entry(newEntry(5, 1));
      encoder.hardState({ term: 1, vote: 1n, commit: 4 });
    });
  const replay = new WalReplay(log.fileSystem, "data/wal", { index: 3, term: 1 });
  while (replay.step());
  assert.deepEqual(replay.segments.map((segment) => segment.sequence), [1]);
  assert.deepEqual(replay.contents().entries, [newEntry(4, 1), newEntry(5, 1)]);
});

Deno.test("readWal() wants the snapshot's record, with the same term", () => {
  const log = new HandmadeLog().segment(0, (encoder) => {
    encoder.entries([newEntry(1, 1), newEntry(2, 1)]);
    encoder.snapshot({ index: 2, term: 1, confState: undefined });
  });
  assert.equal(log.read({ index: 2, term: 1 }).entries.length, 0);
  assert.throws(() => log.read({ index: 2, term: 2 }), { code: DiskErrorCode.MISMATCH });
  assert.throws(() => log.read({ index: 1, term: 1 }), /no record of the snapshot at index 1/);
});

Deno.test("readWalSnapshots() lists the recorded snapshots that were committed", () => {
  const log = new HandmadeLog().segment(0, (encoder) => {
    encoder.snapshot({ index: 5, term: 1, confState: undefined });
    encoder.snapshot({ index: 9, term: 2, confState: undefined });
    encoder.hardState({ term: 2, vote: 0n, commit: 8 });
  });
  const found = readWalSnapshots(log.fileSystem, "data/wal").map((snapshot) => snapshot.index);
  assert.deepEqual(found, [0, 5]);
});

Deno.test("readWal() refuses what does not fit together", () => {
  throwsCorrupt(
    new HandmadeLog().segment(0, () => {}).segment(1, () => {}, Uint8Array.of(8, 9)),
    /metadata differs/,
  );
  throwsCorrupt(
    new HandmadeLog().segment(0, (encoder) => encoder.entries([newEntry(2, 1)])),
    /entry 2 follows entry 0/,
  );
  const log = new HandmadeLog().segment(0, () => {});
  log.encoder.crc = 5;
  throwsCorrupt(log.segment(1, () => {}), /checksum differs/);
  assert.throws(
    () =>
      new HandmadeLog().segment(0, (encoder) => {
        encoder.entry(newEntry(1, 1));
        encoder.hardState({ term: 1, vote: 0n, commit: 2 });
      }).read(),
    /up to index 2 were committed, but the last one in it has index 1/,
  );
  assert.throws(
    () => new HandmadeLog().rawSegment(0, (encoder) => encoder.checksum()).read(),
    /no metadata/,
  );
});

Deno.test("readWal() refuses records that cannot be", () => {
  const odd = (type: number, data: Uint8Array): HandmadeLog => {
    return new HandmadeLog().segment(0, (encoder) => oddRecord(encoder, type, data));
  };
  throwsCorrupt(odd(6, METADATA), /no record type 6/);
  throwsCorrupt(odd(2, Uint8Array.of(0xff)), /content cannot be parsed/);
  throwsCorrupt(odd(2, Entry.encode(newEntry(1, 0))), /entry cannot have .*term 0/);
  throwsCorrupt(odd(2, Entry.encode({ ...newEntry(1, 1), type: 3 })), /cannot have type 3/);
  throwsCorrupt(odd(2, Entry.encode(newEntry(2 ** 60, 1))), /entry cannot have/);
  throwsCorrupt(odd(3, HardState.encode({ term: 0, vote: 1n, commit: 1 })), /state cannot have/);
  throwsCorrupt(odd(3, HardState.encode({ term: 2 ** 60, vote: 1n, commit: 1 })), /state cannot/);
  throwsCorrupt(odd(4, METADATA), /checksum differs/);
  throwsCorrupt(
    odd(5, Snapshot.encode({ index: 2 ** 60, term: 1, confState: undefined })),
    /snapshot cannot have/,
  );
  throwsCorrupt(
    new HandmadeLog().rawSegment(0, (encoder) => encoder.metadata(METADATA)),
    /does not start with a checksum record/,
  );
});

Deno.test("readWal() skips fields of later versions", () => {
  const log = new HandmadeLog().segment(0, (encoder) => {
    // Entry with field 20, a varint.
    oddRecord(encoder, 2, Uint8Array.of(8, 0, 16, 1, 24, 1, 0xa0, 1, 5));
  });
  assert.deepEqual(log.read().entries, [newEntry(1, 1)]);
});

Deno.test("openWal() gives an empty last segment its head and goes on", async () => {
  for (const fill of [() => {}, (encoder: RecordEncoder) => encoder.checksum()]) {
    const log = new HandmadeLog()
      .segment(0, (encoder) => {
        encoder.entry(newEntry(1, 1));
        encoder.hardState({ term: 1, vote: 3n, commit: 1 });
      })
      .rawSegment(2, fill);
    const wal = reopenWal(walOptions(log.fileSystem));
    wal.append(undefined, [newEntry(2, 1)]);
    await wal.close();
    assert.deepEqual(log.read().entries, [newEntry(1, 1), newEntry(2, 1)]);
    // The head must hold what is lost when the first segment is purged: metadata and state.
    const types = recordTypes(log.fileSystem, `data/wal/${newWalSegment(1, 2).name}`);
    assert.deepEqual(types, [4, 1, 3, 2]);
  }
});

Deno.test("WalReplay reads a large log in steps, records larger than a step included", () => {
  const sizes = Array.from({ length: 100 }, (_, i) => i === 50 ? 1_000_000 : 20_000 + i);
  const log = new HandmadeLog().segment(0, (encoder) => {
    sizes.forEach((size, i) => encoder.entry(newEntry(i + 1, 1, new Uint8Array(size).fill(i))));
  });
  const replay = new WalReplay(log.fileSystem, "data/wal", BEGINNING);
  let stepCount = 0;
  while (replay.step()) stepCount++;
  assert.ok(stepCount >= 8 && stepCount <= 15, `${stepCount}`);
  const { entries } = replay.contents();
  assert.deepEqual(entries.map((entry) => entry.data?.length), sizes);
  assert.ok(entries.every(({ data }, i) => data?.every((byte) => byte === i)));
});
