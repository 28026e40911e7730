import assert from "node:assert/strict";
import { latin1FromBytes } from "../../src/base/bytes.ts";
import type { KeyValueRef } from "../../src/core/mvcc/change.ts";
import { RevisionKeyFields, writeRevisionKey } from "../../src/core/mvcc/revision_key.ts";
import type { Store } from "../../src/core/mvcc/store.ts";
import type { StoreCheckpoint } from "../../src/core/mvcc/store_checkpoint.ts";
import type { StoredPairs } from "../../src/core/mvcc/stored_pairs.ts";

/** What a checkpoint stands for besides the changes. */
interface FileMeta {
  /** How many entries of the history are in the file. */
  readonly entryCount: number;
  readonly revision: number;
  readonly scheduledCompactRevision: number;
  readonly finishedCompactRevision: number;
  readonly leases: readonly bigint[];
}

const EMPTY_META: FileMeta = {
  entryCount: 0,
  revision: 1,
  scheduledCompactRevision: -1,
  finishedCompactRevision: -1,
  leases: [],
};

/** The file that holds all changes, as a map. What is not committed is lost when the store goes. */
export class FakeFile implements StoredPairs {
  readonly pairs = new Map<string, Uint8Array>();
  meta: FileMeta = EMPTY_META;
  readCount = 0;

  read(main: number, sub: number): KeyValueRef {
    this.readCount++;
    const bytes = this.pairs.get(keyText(main, sub, false));
    assert.ok(bytes !== undefined, `revision ${main}.${sub} was evicted and is in the file`);
    return { bytes, start: 0, end: bytes.length };
  }

  /** The keys in the order of the file. */
  keys(): string[] {
    return [...this.pairs.keys()].sort();
  }

  /** Fills a store that has just been made. */
  restoreInto(store: Store, step: () => boolean): ReturnType<Store["compact"]> | undefined {
    const restore = store.beginRestore();
    const fields = new RevisionKeyFields();
    for (const key of this.keys()) {
      const keyBytes = Uint8Array.from(key, (character) => character.charCodeAt(0));
      assert.ok(fields.read(keyBytes, 0, keyBytes.length));
      const value = this.pairs.get(key) ?? new Uint8Array();
      // Bytes around the value must not matter.
      const page = new Uint8Array(value.length + 7).fill(0x80);
      page.set(value, 3);
      restore.add(fields.main, fields.sub, fields.tombstone, page, 3, 3 + value.length);
      page.fill(0xee);
    }
    const { scheduledCompactRevision, finishedCompactRevision } = this.meta;
    if (step()) {
      while (restore.finishStep(scheduledCompactRevision, finishedCompactRevision));
    }
    return restore.finish(scheduledCompactRevision, finishedCompactRevision);
  }
}

/** A checkpoint being written: nothing of it is in the file before it is committed. */
export class FileBatch {
  readonly checkpoint: StoreCheckpoint;
  readonly #file: FakeFile;
  readonly #meta: FileMeta;
  readonly #added = new Map<string, Uint8Array>();
  #lastKey = "";

  constructor(file: FakeFile, store: Store, entryCount: number, leases: readonly bigint[]) {
    this.#file = file;
    this.checkpoint = store.beginCheckpoint();
    const { revision, scheduledCompactRevision, finishedCompactRevision } = this.checkpoint;
    this.#meta = {
      entryCount,
      revision,
      scheduledCompactRevision,
      finishedCompactRevision,
      leases,
    };
  }

  step(limit: number): boolean {
    let visited = 0;
    const more = this.checkpoint.step(limit, (main, sub, tombstone, bytes, start, end) => {
      const key = keyText(main, sub, tombstone);
      assert.ok(key > this.#lastKey, "changes are handed over in the order of revisions");
      assert.ok(main <= this.checkpoint.revision, "nothing behind the cut is handed over");
      assert.ok(!this.#file.pairs.has(key), "nothing is handed over twice");
      this.#added.set(key, bytes.slice(start, end));
      this.#lastKey = key;
      visited++;
    });
    assert.ok(visited <= limit, "no more than the limit is visited");
    return more;
  }

  commit(): void {
    const { removals } = this.checkpoint;
    for (let i = 0; i < removals.count; i++) {
      const key = keyText(removals.main(i), removals.sub(i), removals.isTombstone(i));
      assert.ok(this.#file.pairs.delete(key), "what is to be deleted is in the file");
    }
    for (const [key, value] of this.#added) this.#file.pairs.set(key, value);
    this.#file.meta = this.#meta;
  }
}

function keyText(main: number, sub: number, tombstone: boolean): string {
  const bytes = new Uint8Array(18);
  return latin1FromBytes(bytes, 0, writeRevisionKey(bytes, 0, main, sub, tombstone));
}
