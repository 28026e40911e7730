// What the tests of the B-tree file share.

import assert from "node:assert/strict";
import { bytesFromLatin1, latin1FromBytes } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import type { Prng } from "../../../base/prng.ts";
import type { FileSystem } from "../../file_system.ts";
import { BTreeFile, type BTreeOptions } from "../btree_file.ts";
import type { Page } from "../page.ts";
import type { ReadTransaction } from "../read_transaction.ts";
import type { WriteTransaction } from "../write_transaction.ts";

export const PATH = "data/db";

/** Small pages make deep trees of few pairs, and a turn is over as soon as it can be. */
export const SMALL: BTreeOptions = {
  clock: systemClock,
  yieldTurn: () => Promise.resolve(),
  cacheBytes: 20_000,
  pageBytes: 1024,
  turnMs: 0,
};

export function openSmall(
  fileSystem: FileSystem,
  options: Partial<BTreeOptions> = {},
): Promise<BTreeFile> {
  return BTreeFile.open(fileSystem, PATH, { ...SMALL, ...options });
}

/** What a file holds, as plain as can be: names of buckets, keys and values are latin1 strings. */
export type Model = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A change. */
export type Operation =
  | { readonly kind: "put"; readonly bucket: string; readonly key: string; readonly value: string }
  | { readonly kind: "delete"; readonly bucket: string; readonly key: string }
  | { readonly kind: "createBucket"; readonly bucket: string }
  | { readonly kind: "deleteBucket"; readonly bucket: string };

/** The model after the operations; the one before stays as it is. */
export function applyToModel(model: Model, operations: readonly Operation[]): Model {
  const after = new Map<string, ReadonlyMap<string, string>>(model);
  const own = new Map<string, Map<string, string>>();
  for (const operation of operations) {
    const { bucket } = operation;
    if (operation.kind === "deleteBucket") {
      after.delete(bucket);
      own.delete(bucket);
      continue;
    }
    let pairs = own.get(bucket);
    if (pairs === undefined) {
      pairs = new Map(after.get(bucket));
      own.set(bucket, pairs);
      after.set(bucket, pairs);
    }
    if (operation.kind === "put") pairs.set(operation.key, operation.value);
    else if (operation.kind === "delete") pairs.delete(operation.key);
  }
  return after;
}

export function applyToTransaction(
  write: WriteTransaction,
  operations: readonly Operation[],
): void {
  for (const operation of operations) {
    const { bucket } = operation;
    if (operation.kind === "deleteBucket") {
      write.deleteBucket(bucket);
      continue;
    }
    const pairs = write.createBucketIfMissing(bucket);
    if (operation.kind === "put") {
      pairs.put(bytesFromLatin1(operation.key), bytesFromLatin1(operation.value));
    } else if (operation.kind === "delete") {
      pairs.delete(bytesFromLatin1(operation.key));
    }
  }
}

/** Everything that a transaction sees, in the order in which it sees it. */
export function readAll(read: ReadTransaction): Model {
  const all = new Map<string, Map<string, string>>();
  for (const name of read.bucketNames()) {
    const pairs = new Map<string, string>();
    const cursor = read.bucket(name)?.cursor();
    assert.ok(cursor !== undefined);
    for (let found = cursor.first(); found; found = cursor.next()) {
      pairs.set(latin1FromBytes(cursor.key), latin1FromBytes(cursor.value));
    }
    all.set(name, pairs);
  }
  return all;
}

/** The contents of the newest tree. */
export function contentsOf(file: BTreeFile): Model {
  const read = file.beginRead();
  try {
    return readAll(read);
  } finally {
    read.close();
  }
}

/** Whether both hold the same; `read` must be in order, as `readAll` returns it. */
export function sameContents(read: Model, model: Model): boolean {
  return sameNames(read.keys(), model.keys()) &&
    read.entries().every(([name, pairs]) => samePairs(pairs, model.get(name)));
}

function samePairs(
  read: ReadonlyMap<string, string>,
  pairs: ReadonlyMap<string, string> | undefined,
): boolean {
  return pairs !== undefined && sameNames(read.keys(), pairs.keys()) &&
    read.entries().every(([key, value]) => pairs.get(key) === value);
}

function sameNames(read: Iterable<string>, names: Iterable<string>): boolean {
  const inOrder = [...names].sort();
  const found = [...read];
  return found.length === inOrder.length && found.every((name, i) => name === inOrder[i]);
}

/** Makes a transaction of the operations. */
export async function commit(file: BTreeFile, operations: readonly Operation[]): Promise<void> {
  const write = file.beginWrite();
  applyToTransaction(write, operations);
  await write.commit();
}

/** Fails unless the file holds the model and is sound. */
export async function checkFile(file: BTreeFile, model: Model, when: string): Promise<void> {
  assert.deepEqual(await file.check(), [], when);
  const found = contentsOf(file);
  if (!sameContents(found, model)) assert.deepEqual(sorted(found), sorted(model), when);
}

function sorted(model: Model): unknown {
  const names = [...model.keys()].sort();
  return names.map((name) => [name, [...model.get(name) ?? []].sort(([a], [b]) => a < b ? -1 : 1)]);
}

/**
 * Fails unless every branch has two children or more and calls them by their first keys. Readers
 * can do without, but bbolt takes both for granted when it writes.
 */
export function checkBranches(file: BTreeFile): void {
  const read = file.beginRead();
  const check = (page: Page): Uint8Array | undefined => {
    assert.ok(page.isLeaf || page.count >= 2, `page ${page.id}`);
    for (let i = 0; i < page.count && !page.isLeaf; i++) {
      assert.deepEqual(check(read.page(page.childId(i))), page.key(i), `page ${page.id}`);
    }
    return page.count === 0 ? undefined : page.key(0);
  };
  check(read.page(read.tree.meta.rootId));
  for (const name of read.bucketNames()) {
    const root = read.tree.bucket(read, name);
    if (root !== undefined && root.pageId !== 0) check(read.page(root.pageId));
  }
  read.close();
}

const BUCKETS = ["key", "meta", "alarm", "authUsers", "lease"];

/** A key as those of the bucket `key`: a revision. */
export function revisionKey(main: number, sub: number): string {
  const bytes = new Uint8Array(17);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(main));
  bytes[8] = 0x5f;
  view.setBigUint64(9, BigInt(sub));
  return latin1FromBytes(bytes);
}

/** Makes up transactions that fit to what is there. */
export class RandomWorkload {
  readonly #prng: Prng;
  /** How large values become: now and then several pages. */
  readonly #maxValueBytes: number;
  #revision = 1;

  constructor(prng: Prng, maxValueBytes: number) {
    this.#prng = prng;
    this.#maxValueBytes = maxValueBytes;
  }

  transaction(model: Model, maxOperations: number): Operation[] {
    const prng = this.#prng;
    const count = prng.between(1, maxOperations);
    const bucket = prng.chance(0.6) ? "key" : prng.pick(BUCKETS);
    const keys = [...model.get(bucket)?.keys() ?? []].sort();
    const kind = prng.between(0, 9);
    if (kind < 3) return this.#append(count);
    if (kind < 5) return this.#putAnywhere(bucket, keys, count);
    if (kind < 6) return this.#deleteRange(bucket, keys, count);
    if (kind < 8) return this.#deleteSome(bucket, keys, count);
    if (kind < 9) {
      return [...this.#append(count), ...this.#putAnywhere("meta", [], 2)];
    }
    return this.#changeBuckets(count);
  }

  /** As etcd's main load: revisions that ascend. */
  #append(count: number): Operation[] {
    return Array.from({ length: count }, () => {
      const key = revisionKey(this.#revision++, 0);
      return { kind: "put", bucket: "key", key, value: this.#value() };
    });
  }

  #putAnywhere(bucket: string, keys: readonly string[], count: number): Operation[] {
    const prng = this.#prng;
    return Array.from({ length: count }, () => {
      const key = keys.length > 0 && prng.chance(0.4) ? prng.pick(keys) : this.#key();
      return { kind: "put", bucket, key, value: this.#value() };
    });
  }

  #deleteRange(bucket: string, keys: readonly string[], count: number): Operation[] {
    const start = this.#prng.between(0, keys.length);
    const length = this.#prng.chance(0.2) ? keys.length : count * 2;
    return keys.slice(start, start + length).map((key) => ({ kind: "delete", bucket, key }));
  }

  /** As a compaction does; some of the keys are not there. */
  #deleteSome(bucket: string, keys: readonly string[], count: number): Operation[] {
    const chance = this.#prng.fraction();
    const operations: Operation[] = keys.filter(() => this.#prng.chance(chance))
      .slice(0, count * 3).map((key) => ({ kind: "delete", bucket, key }));
    return [...operations, { kind: "delete", bucket, key: this.#key() }];
  }

  #changeBuckets(count: number): Operation[] {
    const prng = this.#prng;
    const bucket = prng.chance(0.8) ? `b${prng.between(0, 60)}` : prng.pick(BUCKETS);
    const puts = this.#putAnywhere(bucket, [], prng.between(0, count));
    const choice = prng.between(0, 3);
    if (choice === 0) return [{ kind: "createBucket", bucket }];
    if (choice === 1) return [{ kind: "deleteBucket", bucket }];
    if (choice === 2) return [...puts, { kind: "deleteBucket", bucket }, ...puts.slice(0, 2)];
    return puts;
  }

  #key(): string {
    const prng = this.#prng;
    const length = prng.chance(0.02) ? prng.between(100, 3000) : prng.between(1, 12);
    return latin1FromBytes(prng.bytes(length));
  }

  #value(): string {
    const prng = this.#prng;
    if (prng.chance(0.1)) return "";
    const max = prng.chance(0.05) ? this.#maxValueBytes : 120;
    // The start tells values apart; random bytes for all of it would take most of the test's time.
    return latin1FromBytes(prng.bytes(4)) + "v".repeat(prng.between(0, max));
  }
}

/** Puts of changes as etcd stores them, with revisions in a row. */
export function putRevisions(first: number, count: number, valueBytes = 100): Operation[] {
  return Array.from({ length: count }, (_, i) => {
    const value = `${first + i}`.padEnd(valueBytes, "v");
    return { kind: "put", bucket: "key", key: revisionKey(first + i, 0), value };
  });
}
