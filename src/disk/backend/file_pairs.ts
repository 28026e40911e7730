import { StoredPairFields } from "../../core/mvcc/stored_pair_fields.ts";
import type { KeyValueRef } from "../../core/mvcc/change.ts";
import { REVISION_KEY_BYTES, writeRevisionKey } from "../../core/mvcc/revision_key.ts";
import type { StoredPairs } from "../../core/mvcc/stored_pairs.ts";
import type { BTreeFile } from "../btree/btree_file.ts";
import { childPage, topPage } from "../btree/cursor.ts";
import { damage } from "../btree/damage.ts";
import type { Page } from "../btree/page.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { Bucket } from "./schema.ts";

/**
 * Reads pairs that the store does not keep in memory. It reads the newest tree as of the last
 * `refresh` and pins it, so `refresh` after each commit.
 */
export class FilePairs implements StoredPairs {
  #read: ReadTransaction;
  #file: BTreeFile;
  readonly #key = new Uint8Array(REVISION_KEY_BYTES);
  readonly #keyValue = new StoredPairFields();
  /**
   * Where the last pair was. Pairs that were written one after the other stand so in the file, too,
   * and whoever reads many reads them in that order: most are behind the last one in the same leaf,
   * or in the next leaf of the same branch.
   */
  #leaf: Page | undefined;
  #index = 0;
  #branch: Page | undefined;

  constructor(file: BTreeFile) {
    this.#file = file;
    this.#read = file.beginRead();
  }

  /**
   * The pair that was put at a revision. Its bytes never change, but as long as they are held, so
   * is their page. Throws a DiskError if it is not there or damaged.
   */
  read(main: number, sub: number): KeyValueRef {
    writeRevisionKey(this.#key, 0, main, sub, false);
    const leaf = this.#find();
    const index = this.#index;
    if (index >= leaf.count || leaf.compareKeyAt(index, this.#key) !== 0) {
      throw this.#damage(leaf, `the pair of revision ${main}/${sub} is missing`);
    }
    const { bytes } = leaf;
    const start = leaf.keyStart(index) + leaf.keySize(index);
    const end = start + leaf.valueSize(index);
    if (!this.#keyValue.readPut(bytes, start, end, main)) {
      throw this.#damage(leaf, `the pair of revision ${main}/${sub} is damaged`);
    }
    return { bytes, start, end };
  }

  /** From now on reads what was committed last, and lets go of what was before. */
  refresh(): void {
    const before = this.#read;
    this.#forgetPlace();
    this.#read = this.#file.beginRead();
    before.close();
  }

  /** From now on reads another file, which holds all that this one does. */
  switchTo(file: BTreeFile): void {
    this.#file = file;
    this.refresh();
  }

  /** Must be called before the file is closed. */
  close(): void {
    this.#forgetPlace();
    this.#read.close();
  }

  /** The leaf and, in `#index`, the place where the key is if it is anywhere. */
  #find(): Page {
    const last = this.#leaf;
    if (last !== undefined && this.#isWithin(last)) return last;
    const leaf = this.#findLeaf();
    this.#leaf = leaf;
    this.#index = leaf.lowerBound(this.#key);
    return leaf;
  }

  /** Whether the key belongs into the leaf of the last one; moves `#index` if so. */
  #isWithin(leaf: Page): boolean {
    const next = this.#index + 1;
    if (next < leaf.count) {
      const order = leaf.compareKeyAt(next, this.#key);
      if (order === 0) {
        this.#index = next;
        return true;
      }
      if (order < 0 && leaf.compareKeyAt(leaf.count - 1, this.#key) < 0) return false;
    } else if (leaf.count === 0 || leaf.compareKeyAt(leaf.count - 1, this.#key) < 0) {
      return false;
    }
    if (leaf.compareKeyAt(0, this.#key) > 0) return false;
    this.#index = leaf.lowerBound(this.#key);
    return true;
  }

  #findLeaf(): Page {
    const branch = this.#branch;
    if (branch !== undefined && this.#leadsToKey(branch)) {
      const leaf = this.#read.page(branch.childId(branch.childIndexFor(this.#key)));
      if (leaf.isLeaf) return leaf;
    }
    return this.#findLeafFromTop();
  }

  /** Whether the key is below the branch for sure: below its last child it might be beyond it. */
  #leadsToKey(branch: Page): boolean {
    return branch.compareKeyAt(0, this.#key) <= 0 &&
      branch.compareKeyAt(branch.count - 1, this.#key) > 0;
  }

  #findLeafFromTop(): Page {
    const read = this.#read;
    const root = read.tree.bucket(read, Bucket.KEY);
    if (root === undefined) throw damage(read.path, undefined, "the bucket key is missing");
    let page = topPage(read, root);
    this.#branch = undefined;
    for (let depth = 1; !page.isLeaf; depth++) {
      this.#branch = page;
      page = childPage(read, page, page.childIndexFor(this.#key), depth);
    }
    return page;
  }

  #forgetPlace(): void {
    this.#leaf = undefined;
    this.#branch = undefined;
  }

  #damage(leaf: Page, what: string): Error {
    const { path, pageBytes } = this.#read;
    // A page within a bucket's value has no place of its own.
    return damage(path, leaf.id === 0 ? undefined : leaf.id * pageBytes, what);
  }
}
