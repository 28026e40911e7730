import assert from "node:assert/strict";
import { readFile, writeFile } from "../testing/files.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import type { BTreeFile } from "./btree_file.ts";
import {
  commit,
  contentsOf,
  openSmall,
  type Operation,
  PATH,
  revisionKey,
} from "./testing/btree_fixtures.ts";
import { newFileImage } from "./new_file.ts";
import { writeUint64 } from "./page.ts";
import { PageAllocator } from "./page_allocator.ts";

const PAGE_BYTES = 1024;

/** A bucket with a branch page over leaves of six pairs; and where its pages are. */
interface Sample {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offsets in the file. */
  readonly branch: number;
  readonly leaves: readonly number[];
}

async function newSample(): Promise<Sample> {
  const disk = newMemoryDisk({ tracksUnsynced: false });
  const file = await openSmall(disk);
  await commit(
    file,
    Array.from({ length: 60 }, (_, i): Operation => {
      return { kind: "put", bucket: "key", key: revisionKey(i, 0), value: "v".repeat(120) };
    }),
  );
  const read = file.beginRead();
  const root = read.tree.bucket(read, "key");
  assert.ok(root !== undefined);
  const branch = read.page(root.pageId);
  assert.ok(!branch.isLeaf && branch.count === 10);
  const leaves = Array.from({ length: branch.count }, (_, i) => branch.childId(i) * PAGE_BYTES);
  read.close();
  await file.close();
  const bytes = readFile(disk, PATH);
  return { bytes, view: new DataView(bytes.buffer), branch: branch.id * PAGE_BYTES, leaves };
}

async function openSample({ bytes }: Sample): Promise<BTreeFile> {
  const disk = newMemoryDisk({ tracksUnsynced: false });
  writeFile(disk, PATH, bytes);
  return await openSmall(disk, { readOnly: true });
}

/** What the check says of a damaged sample. */
async function findings(damage: (sample: Sample) => void): Promise<string[]> {
  const sample = await newSample();
  damage(sample);
  const file = await openSample(sample);
  const found = await file.check();
  await file.close();
  return found.map(({ offset, what }) => `${offset / PAGE_BYTES}: ${what}`);
}

/** Exchanges two leaves, each of which then says that it is the other one. */
function exchangeLeaves({ bytes, view, leaves: [first, second] }: Sample): void {
  const image = bytes.slice(first, first + PAGE_BYTES);
  bytes.copyWithin(first, second, second + PAGE_BYTES);
  bytes.set(image, second);
  writeUint64(view, first, first / PAGE_BYTES);
  writeUint64(view, second, second / PAGE_BYTES);
}

const ELEMENT = 16;

Deno.test("BTreeFile.check() tells what is wrong with a page", async () => {
  const { leaves: [first], branch } = await newSample();
  const [leafPage, branchPage] = [first / PAGE_BYTES, branch / PAGE_BYTES];
  const cases: [(sample: Sample) => void, RegExp][] = [
    [({ view }) => writeUint64(view, first, 99), /page \d+ says that it is page 99$/],
    [
      ({ view }) => view.setUint16(first + 8, 0x10, true),
      /is no page of a tree: its flags are 10$/,
    ],
    [({ view }) => view.setUint16(first + 10, 64, true), /has no room for 64 elements$/],
    [({ view }) => view.setUint32(first + 12, 77, true), /is 78 pages long, past the file's end$/],
    [({ view }) => view.setUint16(branch + 10, 0, true), /branch page \d+ has no children$/],
    [({ view }) => view.setUint32(first + ELEMENT + 4, 3, true), /element 0 .* the bytes 19 to/],
    [({ view }) => view.setUint32(first + ELEMENT + 8, 0, true), /element 0 .* has an empty key$/],
    [
      ({ view }) => view.setUint32(first + ELEMENT + 12, 5000, true),
      /element 0 .* spans the bytes/,
    ],
    [
      ({ view }) => writeUint64(view, branch + ELEMENT + 8, 1),
      /^1: page 1 is no page of the file$/,
    ],
    [
      ({ view }) => view.setUint32(first + ELEMENT, 1, true),
      /is used twice|is no page of the file/,
    ],
  ];
  for (const [damage, expected] of cases) {
    const found = await findings(damage);
    assert.match(found[0] ?? "nothing", expected);
    const page = Number(found[0].split(":")[0]);
    assert.ok(
      [leafPage, branchPage, 1].includes(Math.floor(page)) || /twice|no page/.test(found[0]),
    );
  }
});

Deno.test("BTreeFile.check() finds keys that are out of order, within a page and across pages", async () => {
  const { leaves: [first, second] } = await newSample();
  const swapped = await findings(({ bytes, view }) => {
    // The first byte of the second key: above that of the third.
    const element = first + 2 * ELEMENT;
    bytes[element + view.getUint32(element + 4, true)] = 0xff;
  });
  assert.match(swapped[0], /the keys of page \d+ are out of order at element 2$/);
  assert.deepEqual(await findings(exchangeLeaves), [
    `${first / PAGE_BYTES}: page ${first / PAGE_BYTES} has keys that are too high for its place`,
    `${second / PAGE_BYTES}: page ${second / PAGE_BYTES} has keys that are too low for its place`,
  ]);
});

Deno.test("BTreeFile.check() finds a page that is used twice, and open() refuses it", async () => {
  const { leaves: [first, second] } = await newSample();
  const useTwice = ({ view, branch }: Sample): void => {
    writeUint64(view, branch + 2 * ELEMENT + 8, first / PAGE_BYTES);
  };
  assert.deepEqual(await findings(useTwice), [
    `${first / PAGE_BYTES}: page ${first / PAGE_BYTES} is used twice`,
  ]);
  assert.ok(second > first);
  const sample = await newSample();
  useTwice(sample);
  const disk = newMemoryDisk();
  writeFile(disk, PATH, sample.bytes);
  await assert.rejects(openSmall(disk), {
    name: "DiskError",
    offset: first,
    what: `page ${first / PAGE_BYTES} is used twice`,
  });
});

Deno.test("Cursor and commit() refuse pages that got mixed up", async () => {
  const sample = await newSample();
  exchangeLeaves(sample);
  const reader = await openSample(sample);
  assert.throws(() => contentsOf(reader), { name: "DiskError", what: /belong before it$/ });
  const read = reader.beginRead();
  const cursor = read.bucket("key")?.cursor();
  assert.throws(() => {
    for (let found = cursor?.last(); found === true; found = cursor?.previous());
  }, { name: "DiskError", what: /belong before it$/ });
  assert.equal(cursor?.previous(), false);
  read.close();
  await reader.close();

  const disk = newMemoryDisk();
  writeFile(disk, PATH, sample.bytes);
  const file = await openSmall(disk);
  const key = revisionKey(7, 1);
  const failure = commit(file, [{ kind: "put", bucket: "key", key, value: "" }]);
  await assert.rejects(failure, { name: "DiskError", what: /out of order$/ });
  assert.notEqual(file.failure, undefined);
});

Deno.test("Cursor ends at a branch that is its own child", async () => {
  const sample = await newSample();
  writeUint64(sample.view, sample.branch + ELEMENT + 8, sample.branch / PAGE_BYTES);
  const file = await openSample(sample);
  assert.throws(() => contentsOf(file), { name: "DiskError", what: /more than 64 levels deep$/ });
  await file.close();
});

/** What the check says of a file with one bucket within its value, after damage to the root. */
async function inlineFindings(damage: (view: DataView, value: number) => void): Promise<string[]> {
  const disk = newMemoryDisk({ tracksUnsynced: false });
  const file = await openSmall(disk);
  await commit(file, [{ kind: "put", bucket: "key", key: "a", value: "b" }]);
  const read = file.beginRead();
  const root = read.page(read.tree.meta.rootId);
  const value = root.id * PAGE_BYTES + root.keyStart(0) + root.keySize(0);
  read.close();
  await file.close();
  const bytes = readFile(disk, PATH);
  damage(new DataView(bytes.buffer), value);
  writeFile(disk, PATH, bytes);
  const again = await openSmall(disk, { readOnly: true });
  const found = await again.check();
  await again.close();
  return found.map(({ what }) => what);
}

Deno.test("BTreeFile.check() tells what is wrong with a bucket within its value", async () => {
  const cases: [(view: DataView, value: number) => void, RegExp][] = [
    [(view, value) => writeUint64(view, value, 77), /page 77 is no page of the file/],
    [(view, value) => writeUint64(view, value + 16, 3), /page 0 says that it is page 3/],
    [(view, value) => view.setUint16(value + 24, 1, true), /an inline page is no leaf/],
    [(view, value) => view.setUint16(value + 26, 9, true), /no room for 9 elements/],
    [(view, value) => view.setUint32(value + 28, 1, true), /is 2 pages long/],
    [(view, value) => view.setUint32(value + 32, 1, true), /an inline page has buckets/],
    // The value's size stands in the only element of the root.
    [(view, value) => view.setUint32(value - 3 - 4, 15, true), /has only 15 bytes/],
    [(view, value) => view.setUint32(value - 3 - 4, 17, true), /an inline page is cut off/],
    [(view, value) => view.setUint32(value - 3 - 16, 0, true), /a pair stands among the buckets/],
  ];
  for (const [damage, expected] of cases) {
    const found = await inlineFindings(damage);
    assert.equal(found.length, 1, `${expected}: ${found}`);
    assert.match(found[0], expected);
  }
});

Deno.test("BTreeFile.check() compares with the file's own freelist", async () => {
  const disk = newMemoryDisk();
  for (
    const [ids, expected] of [
      [[], []],
      [[3], ["page 3 is used, but free according to the freelist"]],
      [[99], ["page 99 is free but not there"]],
      [[1], ["page 1 is free but not there"]],
      [Array.from({ length: 200 }, () => 9), ["the freelist has no room for 200 numbers"]],
    ] as const
  ) {
    const image = newFileImage(PAGE_BYTES);
    const view = new DataView(image.buffer);
    view.setUint16(2 * PAGE_BYTES + 10, ids.length, true);
    ids.slice(0, 100).forEach((id, i) => writeUint64(view, 2 * PAGE_BYTES + 16 + 8 * i, id));
    writeFile(disk, PATH, image);
    const file = await openSmall(disk);
    assert.deepEqual((await file.check()).map(({ what }) => what), expected);
    await file.close();
  }
});

class ForgetfulAllocator extends PageAllocator {
  override freed(): void {}
}

class WrongAllocator extends PageAllocator {
  override freed(transactionId: number, ids: readonly number[]): void {
    super.freed(transactionId, ids.map((id) => id + 3));
  }
}

Deno.test("BTreeFile.check() finds pages that are lost, and pages that are both free and used", async () => {
  for (
    const [Allocator, expected] of [
      [ForgetfulAllocator, /^page \d+ is neither used nor free according to memory$/],
      [WrongAllocator, /^page \d+ is used, but free according to memory$/],
    ] as const
  ) {
    const file = await openSmall(newMemoryDisk(), {
      newAllocator: (count, free) => new Allocator(count, free),
    });
    await commit(file, [{ kind: "put", bucket: "key", key: "a", value: "v".repeat(3000) }]);
    await commit(file, [{ kind: "put", bucket: "key", key: "b", value: "v" }]);
    const found = await file.check();
    assert.ok(found.some(({ what }) => expected.test(what)), JSON.stringify(found));
    await file.close();
  }
});

Deno.test("BTreeFile.check() reports no more than anybody would read", async () => {
  const file = await openSmall(newMemoryDisk(), {
    newAllocator: (count, free) => new ForgetfulAllocator(count, free),
  });
  const value = "v".repeat(200_000);
  await commit(file, [{ kind: "put", bucket: "key", key: "a", value }]);
  await commit(file, [{ kind: "put", bucket: "key", key: "a", value: "" }]);
  assert.equal((await file.check()).length, 100);
  await file.close();
});
