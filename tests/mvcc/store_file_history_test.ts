import assert from "node:assert/strict";
import { latin1FromBytes } from "../../src/base/bytes.ts";
import { Store } from "../../src/core/mvcc/store.ts";
import type { StoreOptions } from "../../src/core/mvcc/store.ts";
import { FakeFile, FileBatch } from "./fake_file.ts";
import { type ModelEvent, revisionKey, storedValue } from "./model_store.ts";
import { History, TestLeases } from "./store_history.ts";

const SEEDS = 120;
const STEPS = 220;
const CACHE_BYTES = [0, 300, 2_000, 20_000, Infinity];
/** What a change takes in the file besides its value. */
const CHANGE_OVERHEAD_BYTES = 33;

/** A random history of a store that is written to a file now and then, and read from it again. */
class StoredHistory extends History {
  hashCount = 0;
  readonly #file: FakeFile;
  readonly #options: StoreOptions;
  #batch: FileBatch | undefined;

  constructor(seed: number) {
    const file = new FakeFile();
    const options = {
      valueCacheBytes: CACHE_BYTES[seed % CACHE_BYTES.length],
      stored: file,
      hashCompactions: seed % 2 === 0,
    };
    super(seed, options);
    this.#file = file;
    this.#options = options;
  }

  get readCount(): number {
    return this.#file.readCount;
  }

  override step(): void {
    super.step();
    const choice = this.prng.fraction();
    if (choice < 0.3) this.#stepCheckpoint();
    else if (choice < 0.5) this.store.evict(this.prng.between(1, 2_000));
    else if (choice < 0.515) this.restart();
  }

  /** Begins a checkpoint, or goes on with it. */
  #stepCheckpoint(): void {
    if (this.#batch === undefined) {
      const leases = [...this.leases.keys.keys()];
      this.#batch = new FileBatch(this.#file, this.store, this.entries.length, leases);
      return;
    }
    if (this.#batch.step(this.prng.between(1, 20))) return;
    // The file takes its time to commit.
    if (this.prng.chance(0.3)) this.#commit(this.#batch);
  }

  #commit(batch: FileBatch): void {
    batch.commit();
    this.#batch = undefined;
    this.store.checkpointed(batch.checkpoint.revision);
    this.#compareFile();
  }

  checkpoint(): void {
    this.#batch ??= new FileBatch(this.#file, this.store, this.entries.length, [
      ...this.leases.keys.keys(),
    ]);
    while (this.#batch.step(this.prng.between(1, 100)));
    this.#commit(this.#batch);
  }

  /** Loses what is in memory; a new store gets the file and the entries behind it. */
  restart(): void {
    this.compareHashes();
    this.#batch = undefined;
    const { meta } = this.#file;
    const leases = new TestLeases(meta.leases);
    const store = new Store(leases, this.#options);
    this.compaction = this.#file.restoreInto(store, () => this.prng.chance(0.5));
    store.check();
    assert.equal(store.pendingChanges, 0);
    assert.equal(store.pendingBytes, 0);
    assert.equal(store.currentRevision, meta.revision);
    assert.equal(store.finishedCompactRevision, meta.finishedCompactRevision);
    this.replaceStore({ store, leases }, meta.entryCount);
  }

  /** Nothing that was removed before is in the file, and nothing that is needed is missing. */
  #compareFile(): void {
    const { revision, scheduledCompactRevision, finishedCompactRevision } = this.#file.meta;
    const expected = new Map<string, string>();
    const finished = this.model.retained(finishedCompactRevision);
    for (const event of finished) {
      if (event.main <= revision) expected.set(...storedText(event));
    }
    const needed = this.model.retained(scheduledCompactRevision)
      .filter(({ main }) => main <= revision);
    for (const event of needed) {
      const [key] = storedText(event);
      assert.ok(this.#file.pairs.has(key), `revision ${event.main} is in the file`);
    }
    for (const [key, value] of this.#file.pairs) {
      assert.equal(latin1FromBytes(value), expected.get(key), "the file has what was handed over");
    }
  }

  compareLeases(): void {
    for (const [id, keys] of this.leases.keys) {
      assert.deepEqual([...keys].sort(), this.model.keysOf(id));
    }
  }

  /** Once all is compacted and written, the file has exactly what is retained. */
  compareFinished(): void {
    this.finishCompactions();
    this.checkpoint();
    const retained = this.model.retained();
    assert.deepEqual(this.#file.keys(), retained.map((event) => storedText(event)[0]));
    assert.equal(this.store.finishedCompactRevision, this.model.compacted);
    const sizes = retained.map((event) => storedValue(event).length + CHANGE_OVERHEAD_BYTES);
    assert.equal(this.store.sizeInUseBytes, sizes.reduce((sum, size) => sum + size, 0));
    assert.equal(this.store.pendingChanges, 0);
    assert.equal(this.store.pendingBytes, 0);
    while (this.store.evict(1_000));
    this.#compareBudget();
  }

  /** Only the slab that is being filled may be beyond the budget. */
  #compareBudget(): void {
    const { valueCacheBytes } = this.#options;
    if (valueCacheBytes === undefined || valueCacheBytes === Infinity) return;
    const bound = Math.max(valueCacheBytes, 256);
    assert.ok(this.store.valueBytesAllocated <= bound, "values are within their budget");
  }

  /** Compares the hashes that the present store has made. */
  compareHashes(): void {
    const { compactionHashes } = this.store;
    for (const { hash, revision, compactRevision } of compactionHashes) {
      assert.equal(hash, this.model.compactionHash(revision, compactRevision));
    }
    const revisions = compactionHashes.map(({ revision }) => revision);
    assert.deepEqual(revisions, [...revisions].sort((a, b) => a - b));
    this.hashCount += compactionHashes.length;
  }
}

function storedText(event: ModelEvent): [string, string] {
  return [latin1FromBytes(revisionKey(event)), latin1FromBytes(storedValue(event))];
}

Deno.test("Store and its file agree with a list of all events through restarts and evictions", () => {
  let readCount = 0;
  let hashCount = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const history = new StoredHistory(seed);
    try {
      for (let step = 1; step <= STEPS; step++) {
        history.step();
        if (step % 110 === 0) history.compareEverything();
      }
      history.restart();
      history.compareEverything();
      history.compareLeases();
      history.compareFinished();
      history.compareEverything();
      history.restart();
      history.compareEverything();
      history.compareLeases();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    readCount += history.readCount;
    hashCount += history.hashCount;
  }
  assert.ok(readCount > SEEDS, "evicted pairs were read");
  assert.ok(hashCount > SEEDS / 4, "hashes of compactions were compared");
});
