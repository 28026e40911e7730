import assert from "node:assert/strict";
import type { Prng } from "../base/prng.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";
import { MemoryFileSystem } from "./memory_file_system.ts";
import { readFile, writeFile } from "./testing/files.ts";
import {
  type Appended,
  BEGINNING,
  METADATA,
  modelOf,
  newEntry,
  newMemoryDisk,
  newPrng,
  readWal,
  reopenWal,
  sameBatch,
  walOptions,
} from "./testing/wal_fixtures.ts";
import { createWal } from "./wal_opening.ts";
import { type WalContents, WalReplay } from "./wal_replay.ts";
import { listWalSegments } from "./wal_segment.ts";

const SEGMENT_BYTES = 2048;

/** The files of a log, and what was appended to it. */
interface Log {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly names: readonly string[];
  readonly records: readonly Appended[];
  /** Where the last record starts in the last file, and where it ends. */
  readonly lastRecord: number;
  readonly end: number;
}

/** A log of some segments whose last record is an entry of about `lastDataBytes`. */
async function newLog(prng: Prng, batchCount: number, lastDataBytes: number): Promise<Log> {
  const fileSystem = newMemoryDisk({ tracksUnsynced: false });
  const wal = createWal(walOptions(fileSystem, SEGMENT_BYTES), METADATA);
  const records: Appended[] = [];
  // The last record is not to fill its segment, or there would be another one behind it.
  const isFull = (): boolean => endOf(fileSystem) + lastDataBytes + 100 > SEGMENT_BYTES;
  for (let i = 0; i < batchCount || isFull(); i++) {
    const entry = newEntry(i + 1, 1 + i % 3, prng.bytes(prng.between(1, 500)));
    const state = { term: 3, vote: 0xfedc_ba98_7654_3210n, commit: i };
    records.push({ entry }, { state });
    wal.append(state, [entry]);
    await wal.sync();
  }
  const lastRecord = endOf(fileSystem);
  const entry = newEntry(wal.lastIndex + 1, 3, prng.bytes(lastDataBytes));
  records.push({ entry });
  wal.append(undefined, [entry]);
  await wal.close();
  const names = listWalSegments(fileSystem, "data/wal").map((segment) => segment.name);
  const files = new Map(names.map((name) => [name, readFile(fileSystem, `data/wal/${name}`)]));
  return { files, names, records, lastRecord, end: endOf(fileSystem) };
}

function endOf(fileSystem: MemoryFileSystem): number {
  const replay = new WalReplay(fileSystem, "data/wal", BEGINNING);
  while (replay.step());
  assert.ok(replay.end !== undefined);
  return replay.end.offset;
}

/** A disk with these files as the log. */
function diskWith(files: ReadonlyMap<string, Uint8Array>): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem({ tracksUnsynced: false });
  fileSystem.makeDirectory("data");
  fileSystem.makeDirectory("data/wal");
  for (const [name, bytes] of files) writeFile(fileSystem, `data/wal/${name}`, bytes);
  return fileSystem;
}

/** The log with another last file. */
function withLast(log: Log, bytes: Uint8Array): MemoryFileSystem {
  return diskWith(new Map(log.files).set(log.names[log.names.length - 1], bytes));
}

function lastBytes(log: Log): Uint8Array {
  const bytes = log.files.get(log.names[log.names.length - 1]);
  assert.ok(bytes !== undefined);
  return bytes.slice();
}

/** What is read, or the DiskError that a damaged log is allowed to give; nothing else is. */
function readOrRefuse(fileSystem: MemoryFileSystem): WalContents | DiskError {
  try {
    return readWal(fileSystem, "data/wal", BEGINNING);
  } catch (error) {
    if (error instanceof DiskError) return error;
    throw error;
  }
}

/** Of how many records the contents are the result; undefined if of no prefix. */
function prefixOf(log: Log, contents: WalContents): number | undefined {
  for (let count = log.records.length; count >= 0; count--) {
    if (sameBatch(modelOf(log.records.slice(0, count), BEGINNING), contents)) return count;
  }
  return undefined;
}

Deno.test("openWal() cuts a tail that is torn at any byte, and keeps a copy", async () => {
  const log = await newLog(newPrng(1), 8, 600);
  const whole = lastBytes(log);
  const name = log.names[log.names.length - 1];
  for (let size = log.lastRecord + 1; size < log.end; size++) {
    const fileSystem = withLast(log, whole.slice(0, size));
    const contents = readWal(fileSystem, "data/wal", BEGINNING);
    assert.equal(prefixOf(log, contents), log.records.length - 1, `${size} bytes`);
    const wal = reopenWal(walOptions(fileSystem, SEGMENT_BYTES));
    const entry = newEntry(wal.lastIndex + 1, 4, Uint8Array.of(1));
    wal.append(undefined, [entry]);
    await wal.close();
    const { entries } = readWal(fileSystem, "data/wal", BEGINNING);
    assert.deepEqual(entries, [...contents.entries, entry]);
    const copy = readFile(fileSystem, `data/wal/${name}.broken`);
    assert.deepEqual(copy, whole.subarray(0, size));
  }
});

Deno.test("readWal() takes missing sectors at the end for torn, and elsewhere for damage", async () => {
  const log = await newLog(newPrng(2), 8, 1400);
  for (let sector = 0; sector < log.end; sector += 512) {
    const bytes = lastBytes(log).fill(0, sector, sector + 512);
    const result = readOrRefuse(withLast(log, bytes));
    // Without its head the last file says nothing, but nothing behind it does either.
    assert.ok(!(result instanceof DiskError));
    const count = prefixOf(log, result);
    assert.ok(count !== undefined && count < log.records.length);
    if (sector > log.lastRecord) assert.equal(count, log.records.length - 1);
  }
  const [firstName] = log.names;
  const first = log.files.get(firstName)?.slice().fill(0, 512, 1024);
  assert.ok(first !== undefined);
  const result = readOrRefuse(diskWith(new Map(log.files).set(firstName, first)));
  assert.ok(result instanceof DiskError);
  assert.equal(result.code, DiskErrorCode.CORRUPT);
  assert.ok(result.path.endsWith(firstName));
  assert.ok(result.offset !== undefined && result.offset < 1024);
});

Deno.test("readWal() detects every flipped bit, names the file and loses nothing in silence", async () => {
  const log = await newLog(newPrng(3), 8, 700);
  assert.ok(log.names.length >= 2);
  for (const name of log.names) {
    const isLast = name === log.names[log.names.length - 1];
    const bytes = log.files.get(name)?.slice();
    assert.ok(bytes !== undefined);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const offset = bit >>> 3;
      bytes[offset] ^= 1 << (bit & 7);
      const result = readOrRefuse(diskWith(new Map(log.files).set(name, bytes)));
      bytes[offset] ^= 1 << (bit & 7);
      if (result instanceof DiskError) {
        assert.ok(
          result.path.includes("data/wal") && log.names.some((n) => result.path.endsWith(n)),
        );
        assert.ok(result.offset !== undefined);
        continue;
      }
      assert.equal(prefixOf(log, result), log.records.length);
      // What lies behind the end belongs to nobody, and the log's first checksum is 0, so that it
      // does not matter if its tag becomes that of an unknown field.
      const isHarmless = isLast && offset >= log.end || name === log.names[0] && offset === 10;
      assert.ok(isHarmless, `bit ${bit} of ${name} was flipped unseen`);
    }
  }
});

Deno.test("readWal() does not take a record for torn because its length became larger", async () => {
  // A last record that fills its sector, so that the missing part starts where its data ends.
  let log: Log | undefined;
  for (let size = 300; log === undefined && size < 1300; size++) {
    const candidate = await newLog(newPrng(5), 3, size);
    const isUnpadded = lastBytes(candidate)[candidate.lastRecord + 7] === 0;
    if (candidate.end % 512 === 0 && isUnpadded) log = candidate;
  }
  assert.ok(log !== undefined);
  for (let bit = 3; bit < 40; bit++) {
    const bytes = lastBytes(log);
    bytes[log.lastRecord + (bit >>> 3)] ^= 1 << (bit & 7);
    assert.ok(readOrRefuse(withLast(log, bytes)) instanceof DiskError, `bit ${bit}`);
  }
});

/** Changes some bytes, sectors, sizes or whole files. */
function mutate(prng: Prng, files: Map<string, Uint8Array>): void {
  const names = [...files.keys()];
  const name = prng.pick(names);
  const bytes = files.get(name);
  if (bytes === undefined || bytes.length === 0) return;
  const at = prng.between(0, bytes.length - 1);
  const sector = at - at % 512;
  switch (prng.between(0, 9)) {
    case 0:
      files.set(name, bytes.subarray(0, at));
      break;
    case 1:
      bytes.fill(0, sector, sector + 512);
      break;
    case 2:
      bytes.copyWithin(sector, prng.between(0, 4) * 512, prng.between(0, 4) * 512 + 512);
      break;
    case 3:
      bytes.set(prng.bytes(Math.min(prng.between(1, 40), bytes.length - at)), at);
      break;
    case 4:
      files.set(name, new Uint8Array([...bytes, ...prng.bytes(prng.between(1, 600))]));
      break;
    case 5:
      bytes.copyWithin(at, at - at % 8, at - at % 8 + prng.between(1, 300));
      break;
    case 6:
      if (prng.chance(0.2)) files.delete(name);
      break;
    case 7:
      if (prng.chance(0.2)) files.set(name, files.get(prng.pick(names))?.slice() ?? bytes);
      break;
    default:
      bytes[at] = prng.uint32() & 0xff;
  }
}

Deno.test("readWal() gives a true prefix or an error for 20 000 mutated logs", async () => {
  const seed = 4;
  const prng = newPrng(seed);
  let log = await newLog(prng, 6, 700);
  let readable = 0;
  for (let round = 0; round < 20_000; round++) {
    if (round % 1000 === 0) log = await newLog(prng, prng.between(1, 12), prng.between(1, 1500));
    const files = new Map([...log.files].map(([name, bytes]) => [name, bytes.slice()]));
    for (let i = prng.between(1, 3); i > 0; i--) mutate(prng, files);
    const fileSystem = diskWith(files);
    const result = readOrRefuse(fileSystem);
    if (result instanceof DiskError) continue;
    readable++;
    const where = `seed ${seed}, round ${round}`;
    assert.notEqual(prefixOf(log, result), undefined, `${where}: what is read was never written`);
    if (readable % 10 === 0) await goOn(fileSystem, result, where);
  }
  // The test would be worth little if nearly all of them were refused.
  assert.ok(readable > 1000, `${readable}`);
});

/** Appending must work behind whatever could be read. */
async function goOn(fileSystem: MemoryFileSystem, before: WalContents, where: string) {
  const wal = reopenWal(walOptions(fileSystem, SEGMENT_BYTES));
  const added = newEntry(wal.lastIndex + 1, 9, Uint8Array.of(1, 2, 3));
  wal.append(undefined, [added]);
  await wal.close();
  const after = readWal(fileSystem, "data/wal", BEGINNING);
  const expected = { ...before, entries: [...before.entries, added] };
  assert.ok(sameBatch(after, expected), where);
}
