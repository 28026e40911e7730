import { assert } from "../../base/assert.ts";
import { CountedBtree, type HandleKeys } from "../../base/counted_btree.ts";
import { latin1FromBytes } from "../../base/bytes.ts";
import { KeyBytes } from "./key_bytes.ts";
import { KeyHash } from "./key_hash.ts";
import { sortRecords } from "./key_sort.ts";
import { KeyTable } from "./key_table.ts";
import { STORE_LIMITS } from "./limits.ts";
import { RecordList } from "./record_list.ts";

/**
 * All keys that exist or have history. A hash finds exact keys; the tree gives order and counts
 * (in it the keys that exist at present count).
 */
export class KeyIndex implements HandleKeys {
  readonly table = new KeyTable();
  readonly tree: CountedBtree = new CountedBtree(this);
  readonly #hash = new KeyHash(this.table);
  /** The key that was asked for last. */
  readonly #key = new KeyBytes();
  /** While a store is restored: the records that the tree does not know yet. */
  #restored: RecordList | undefined;
  /** Those of them that are not in the hash either. */
  readonly #restoredByKey = new Map<string, number>();

  /** The bytes of a key, valid until the next call of any method here. */
  bytesOf(key: string): KeyBytes {
    this.#key.load(key);
    return this.#key;
  }

  /** The record of the key, or 0. */
  find(key: string): number {
    this.#key.load(key);
    const record = this.#hash.find(this.#key);
    return record >= 0 ? record : this.tree.find(key);
  }

  /** The record of the key if the key exists at present, else 0. */
  findLive(key: string): number {
    const record = this.find(key);
    return record !== 0 && this.table.version(record) !== 0 ? record : 0;
  }

  /** Makes a record, counted in the tree, for a key that has none. */
  add(key: string): number {
    this.#key.load(key);
    const record = this.table.add(this.#key);
    this.#hash.add(this.#key, record);
    this.tree.insert(key, record);
    return record;
  }

  /** Forgets the key of a record and gives the record back. */
  remove(record: number): void {
    const key = this.table.key(record);
    const removed = this.tree.remove(key);
    assert(removed === record, "a key has one record");
    this.#key.load(key);
    this.#hash.remove(this.#key);
    this.table.remove(record);
  }

  /**
   * The record of the key that lies in `bytes`, made if there is none. The tree gets to know it
   * only by `finishRestore()`, for building a tree from keys in order is much cheaper.
   */
  restore(bytes: Uint8Array, start: number, length: number): number {
    const key = this.#key;
    key.loadBytes(bytes, start, length);
    const found = this.#hash.find(key);
    if (found > 0) return found;
    if (found < 0) {
      const known = this.#restoredByKey.get(latin1FromBytes(bytes, start, start + length));
      if (known !== undefined) return known;
    }
    const record = this.table.add(key);
    if (!this.#hash.add(key, record)) {
      this.#restoredByKey.set(latin1FromBytes(bytes, start, start + length), record);
    }
    this.#restored ??= new RecordList();
    this.#restored.add(record);
    return record;
  }

  /** Puts what was restored into the tree, in slices, and shows each record to `visit`. */
  *finishRestore(visit: (record: number) => void): Generator<void, void> {
    const records = this.#restored?.all() ?? new Int32Array(0);
    this.#restored = undefined;
    this.#restoredByKey.clear();
    yield* sortRecords(this.table, records);
    const building = this.tree.build(records, (record) => {
      visit(record);
      return this.table.version(record) !== 0;
    });
    let leaves = 0;
    while (building.next().done !== true) {
      if (++leaves % STORE_LIMITS.restoredLeavesPerSlice === 0) yield;
    }
  }

  compareKey(record: number, key: string): number {
    this.#key.load(key);
    return this.table.compareKey(record, this.#key);
  }

  keyOf(record: number): string {
    return this.table.key(record);
  }

  headOf(record: number, offset: number): number {
    return this.table.headOf(record, offset);
  }

  /** Verifies that hash, tree and table hold the same keys. */
  check(): void {
    this.tree.check();
    const records = this.tree.slice(0, this.tree.size);
    assert(records.length === this.table.count, "each record is in the tree");
    const hashed = this.#hash.check();
    assert(hashed <= records.length, "the hash holds no more than the tree");
    for (const record of records) {
      assert(this.find(this.keyOf(record)) === record, "each record is found by its key");
    }
    const live = records.filter((record) => this.table.version(record) !== 0);
    const counted = this.tree.countedSlice(0, this.tree.countedSize);
    assert(live.length === counted.length, "the tree counts what exists");
    live.forEach((record, i) => assert(record === counted[i], "the tree counts what exists"));
  }
}
