import { assert } from "../../base/assert.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import type { ByteArena } from "./byte_arena.ts";
import { parseBucketRoot } from "./bucket_root.ts";
import { DirtyLeaf, type LeafItem } from "./dirty_node.ts";
import { DirtyTree, TransactionPages } from "./dirty_tree.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { BUCKET_FLAG } from "./page.ts";
import type { PageSource } from "./page_store.ts";
import type { Tree } from "./tree.ts";
import { encodeInlineBucket } from "./tree_writer.ts";

/** What a transaction leaves to be written. */
export interface Changes {
  readonly pages: TransactionPages;
  /** The bucket of buckets. */
  readonly rootTree: DirtyTree;
  /** The buckets that were looked at, by name. */
  readonly trees: ReadonlyMap<string, DirtyTree>;
  /** The pages at the top of trees that are gone. */
  readonly abandoned: readonly number[];
}

/** What the file does for its transaction. */
interface WriteHost {
  commit(changes: Changes): Promise<void>;
  rollback(): void;
}

/**
 * Changes the newest tree. Nothing is written before `commit`; what was changed is kept in memory
 * until then, so bound the size of a transaction. Reads through it see its own changes.
 */
export class WriteTransaction {
  readonly #host: WriteHost;
  readonly #pages: TransactionPages;
  readonly #rootTree: DirtyTree;
  readonly #trees = new Map<string, DirtyTree>();
  readonly #buckets = new Map<string, WriteBucket>();
  readonly #abandoned: number[] = [];
  #isOver = false;

  /** The arena is the transaction's alone until it is over. */
  constructor(host: WriteHost, source: PageSource, tree: Tree, arena: ByteArena) {
    this.#host = host;
    this.#pages = new TransactionPages(source, arena);
    this.#rootTree = new DirtyTree(this.#pages, tree.root);
  }

  /** The names of all buckets, in the order of their bytes. */
  bucketNames(): string[] {
    this.#checkOpen();
    const names: string[] = [];
    let item = this.#rootTree.findFrom(new Uint8Array(0));
    while (item !== undefined) {
      const name = latin1FromBytes(item.key);
      if ((item.flags & BUCKET_FLAG) !== 0) names.push(name);
      item = this.#rootTree.findFrom(bytesFromLatin1(name + "\0"));
    }
    return names;
  }

  bucket(name: string): WriteBucket | undefined {
    this.#checkOpen();
    const opened = this.#buckets.get(name);
    if (opened !== undefined) return opened;
    const item = this.#rootTree.find(bytesFromLatin1(name));
    if (item === undefined || (item.flags & BUCKET_FLAG) === 0) return undefined;
    return this.#open(name, item);
  }

  createBucketIfMissing(name: string): WriteBucket {
    const found = this.bucket(name);
    if (found !== undefined) return found;
    const key = bytesFromLatin1(name);
    checkKeySize(key);
    const value = encodeInlineBucket(new DirtyLeaf(), 0n);
    this.#rootTree.put(key, BUCKET_FLAG, value, 0, value.length);
    const created = this.bucket(name);
    assert(created !== undefined, "a bucket is there once it was put");
    return created;
  }

  /** False if there is none of that name. */
  deleteBucket(name: string): boolean {
    if (this.bucket(name) === undefined) return false;
    for (const id of this.#trees.get(name)?.abandon() ?? []) this.#abandoned.push(id);
    this.#buckets.get(name)?.close();
    this.#buckets.delete(name);
    this.#trees.delete(name);
    this.#rootTree.delete(bytesFromLatin1(name), BUCKET_FLAG);
    return true;
  }

  /**
   * Writes the changes, in turns, and makes them durable; then readers that begin see them. A
   * failure is final for the whole file: whether the changes survive is not known then.
   */
  async commit(): Promise<void> {
    this.#end();
    const isChanged = this.#rootTree.top !== undefined ||
      this.#trees.values().some((tree) => tree.top !== undefined);
    if (!isChanged) {
      this.#host.rollback();
      return;
    }
    await this.#host.commit({
      pages: this.#pages,
      rootTree: this.#rootTree,
      trees: this.#trees,
      abandoned: this.#abandoned,
    });
  }

  /** Forgets all changes. */
  rollback(): void {
    this.#end();
    this.#host.rollback();
  }

  #end(): void {
    this.#checkOpen();
    this.#isOver = true;
    for (const bucket of this.#buckets.values()) bucket.close();
  }

  #checkOpen(): void {
    assert(!this.#isOver, "a write transaction is not used after commit or rollback");
  }

  #open(name: string, item: LeafItem): WriteBucket {
    const { path } = this.#pages.source;
    const start = item.start + item.keySize;
    const place = { path, offset: undefined };
    const root = parseBucketRoot(item.bytes, start, item.valueSize, place);
    const tree = new DirtyTree(this.#pages, root);
    const bucket = new WriteBucket(tree);
    this.#trees.set(name, tree);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

/** A key with its value, as views of memory that must not be changed. */
interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A bucket as a write transaction sees and changes it. */
export class WriteBucket {
  readonly #tree: DirtyTree;
  #isOpen = true;

  constructor(tree: DirtyTree) {
    this.#tree = tree;
  }

  /** The value, as a view of memory that must not be changed. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    const item = this.#tree.find(key);
    return item === undefined || (item.flags & BUCKET_FLAG) !== 0 ? undefined : item.value;
  }

  /** The first pair whose key is not below `key`. */
  firstFrom(key: Uint8Array): Pair | undefined {
    this.#checkOpen();
    return this.#tree.findFrom(key);
  }

  /** Puts a copy of value[start, end). */
  put(key: Uint8Array, value: Uint8Array, start = 0, end: number = value.length): void {
    this.#checkOpen();
    checkKeySize(key);
    if (end - start > BTREE_LIMITS.valueBytes) {
      throw new RangeError(`A value has ${end - start} bytes, more than the format allows`);
    }
    this.#tree.put(key, 0, value, start, end);
  }

  /** False if the key is not there. */
  delete(key: Uint8Array): boolean {
    this.#checkOpen();
    return this.#tree.delete(key, 0);
  }

  /** For the transaction, when it ends. */
  close(): void {
    this.#isOpen = false;
  }

  #checkOpen(): void {
    assert(this.#isOpen, "a bucket is not used after its transaction ended or it was deleted");
  }
}

function checkKeySize(key: Uint8Array): void {
  if (key.length > 0 && key.length <= BTREE_LIMITS.keyBytes) return;
  const { keyBytes } = BTREE_LIMITS;
  throw new RangeError(`A key has ${key.length} bytes, but must have 1 to ${keyBytes}`);
}
