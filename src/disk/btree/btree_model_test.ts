import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import {
  applyToModel,
  applyToTransaction,
  checkBranches,
  checkFile,
  contentsOf,
  type Model,
  openSmall,
  RandomWorkload,
  readAll,
  sameContents,
} from "./testing/btree_fixtures.ts";
import type { BTreeFile } from "./btree_file.ts";
import type { ReadTransaction } from "./read_transaction.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";

const COMMITS = 14;

/** A reader, and what it must see however long it is open. */
interface PinnedReader {
  readonly read: ReadTransaction;
  readonly model: Model;
}

/** A file in use beside a model of what it must hold. */
class History {
  readonly #prng: Prng;
  readonly #workload: RandomWorkload;
  readonly #disk = newMemoryDisk({ tracksUnsynced: false });
  readonly #pinned: PinnedReader[] = [];
  #model: Model = new Map();

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.#workload = new RandomWorkload(this.#prng, 5000);
  }

  async run(): Promise<void> {
    const prng = this.#prng;
    let file = await this.#open();
    for (let i = 0; i < COMMITS; i++) {
      if (prng.chance(0.3)) this.#pinned.push({ read: file.beginRead(), model: this.#model });
      await this.#transaction(file);
      await checkFile(file, this.#model, `after transaction ${i}`);
      checkBranches(file);
      this.#checkPinned();
      if (prng.chance(0.15)) file = await this.#reopen(file);
    }
    await this.#close(file);
  }

  #open(): Promise<BTreeFile> {
    // While a commit is under way, readers see what was there before.
    const yieldTurn = (): Promise<void> => {
      if (this.#prng.chance(0.05)) this.#checkPinned();
      return Promise.resolve();
    };
    return openSmall(this.#disk, { yieldTurn });
  }

  async #transaction(file: BTreeFile): Promise<void> {
    const prng = this.#prng;
    const maxOperations = prng.pick([3, 30, 150]);
    const write = file.beginWrite();
    let model = this.#model;
    for (let parts = prng.between(1, 3); parts > 0; parts--) {
      const operations = this.#workload.transaction(model, maxOperations);
      applyToTransaction(write, operations);
      model = applyToModel(model, operations);
    }
    if (prng.chance(0.3)) assert.ok(sameContents(readThrough(write), model));
    if (prng.chance(0.1)) {
      write.rollback();
      return;
    }
    await write.commit();
    this.#model = model;
  }

  #checkPinned(): void {
    for (const { read, model } of this.#pinned) {
      assert.ok(sameContents(readAll(read), model), "a pinned tree does not change");
    }
    while (this.#pinned.length > 0 && this.#prng.chance(0.2)) {
      this.#pinned.splice(this.#prng.between(0, this.#pinned.length - 1), 1)[0].read.close();
    }
  }

  async #reopen(file: BTreeFile): Promise<BTreeFile> {
    await this.#close(file);
    const opened = await this.#open();
    await checkFile(opened, this.#model, "after opening again");
    return opened;
  }

  async #close(file: BTreeFile): Promise<void> {
    for (const { read } of this.#pinned.splice(0)) read.close();
    await file.close();
  }
}

/** All that a write transaction sees. */
function readThrough(write: ReturnType<BTreeFile["beginWrite"]>): Model {
  const all = new Map<string, Map<string, string>>();
  for (const name of write.bucketNames()) {
    const bucket = write.bucket(name);
    assert.ok(bucket !== undefined);
    const pairs = new Map<string, string>();
    for (let pair = bucket.firstFrom(new Uint8Array(0)); pair !== undefined;) {
      const key = latin1FromBytes(pair.key);
      pairs.set(key, latin1FromBytes(pair.value));
      assert.deepEqual(bucket.get(pair.key), pair.value);
      pair = bucket.firstFrom(bytesFromLatin1(key + "\0"));
    }
    all.set(name, pairs);
  }
  return all;
}

Deno.test("BTreeFile holds what a map holds in 300 random histories", async () => {
  for (let seed = 0; seed < 300; seed++) {
    try {
      await new History(seed).run();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("BTreeFile uses free pages again instead of growing", async () => {
  const prng = new Prng(1);
  const workload = new RandomWorkload(prng, 500);
  const file = await openSmall(newMemoryDisk({ tracksUnsynced: false }));
  let model: Model = new Map();
  let largest = 0;
  for (let i = 0; i < 400; i++) {
    const write = file.beginWrite();
    const operations = workload.transaction(model, 40);
    applyToTransaction(write, operations);
    model = applyToModel(model, operations);
    // Half of what is there goes, so that the amount of data stays the same.
    const keys = [...model.get("key")?.keys() ?? []];
    const half = keys.length < 1000 ? [] : keys.filter((_, k) => k % 2 === 0)
      .map((key) => ({ kind: "delete" as const, bucket: "key", key }));
    applyToTransaction(write, half);
    model = applyToModel(model, half);
    await write.commit();
    if (i === 200) largest = file.sizeBytes;
  }
  assert.ok(sameContents(contentsOf(file), model));
  assert.ok(file.sizeBytes < largest * 1.3, `${file.sizeBytes} after ${largest}`);
  await file.close();
});
