import { assert } from "../../base/assert.ts";
import type { BucketRoot } from "./bucket_root.ts";
import { Cursor, findLeaf, indexOfKey, topPage } from "./cursor.ts";
import { damage } from "./damage.ts";
import { encodeMetaPage } from "./meta.ts";
import type { Page } from "./page.ts";
import type { PageSource, PageStore } from "./page_store.ts";
import type { Tree } from "./tree.ts";

/**
 * Reads the tree that was the newest when it began, whatever is committed since. Meanwhile no page
 * of that tree is written again, so the file grows: `close` it soon.
 */
export class ReadTransaction implements PageSource {
  readonly path: string;
  readonly pageBytes: number;
  readonly #store: PageStore;
  readonly #tree: Tree;
  readonly #onClose: (tree: Tree) => void;
  #isClosed = false;
  #metaPages: Uint8Array | undefined;

  constructor(store: PageStore, tree: Tree, onClose: (tree: Tree) => void) {
    this.path = store.path;
    this.pageBytes = store.pageBytes;
    this.#store = store;
    this.#tree = tree;
    this.#onClose = onClose;
  }

  /** The transaction that committed what this one reads. */
  get transactionId(): number {
    return this.#tree.meta.transactionId;
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** The names of all buckets, in the order of their bytes. */
  bucketNames(): string[] {
    return this.#tree.bucketNames(this);
  }

  bucket(name: string): ReadBucket | undefined {
    const root = this.#tree.bucket(this, name);
    return root === undefined ? undefined : new ReadBucket(this, root);
  }

  /** For cursors; users have no need of it. */
  page(id: number): Page {
    assert(!this.#isClosed, "a read transaction is not used after it was closed");
    return this.#store.page(id);
  }

  /** The size of the file's image that `readImage` reads. */
  get imageBytes(): number {
    return this.#tree.meta.pageCount * this.pageBytes;
  }

  /**
   * Reads from the image of a file that holds exactly this tree, as etcd streams it in a snapshot:
   * both meta pages lead to it, and free pages hold whatever is there. Fills target[start, end), or
   * less at the end of the image; returns how many bytes.
   */
  readImage(target: Uint8Array, start: number, end: number, position: number): number {
    assert(!this.#isClosed, "a read transaction is not used after it was closed");
    this.#store.checkUsable();
    const count = Math.max(0, Math.min(end - start, this.imageBytes - position));
    const metaPages = this.#metaPages ??= this.#encodeMetaPages();
    const fromMeta = Math.max(0, Math.min(count, metaPages.length - position));
    target.set(metaPages.subarray(position, position + fromMeta), start);
    const { file, path } = this.#store;
    const read = file.readAt(target, start + fromMeta, start + count, position + fromMeta);
    if (read === count - fromMeta) return count;
    throw damage(path, position + fromMeta + read, "the file ends within its tree");
  }

  /** Lets the pages of the tree be written again; harmless the second time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose(this.#tree);
  }

  #encodeMetaPages(): Uint8Array {
    const { meta } = this.#tree;
    const pages = new Uint8Array(2 * this.pageBytes);
    encodeMetaPage(meta, 0, pages, 0);
    const before = { ...meta, transactionId: Math.max(0, meta.transactionId - 1) };
    encodeMetaPage(before, 1, pages, this.pageBytes);
    return pages;
  }
}

/** A bucket as a read transaction sees it. */
class ReadBucket {
  readonly #source: PageSource;
  readonly #root: BucketRoot;

  constructor(source: PageSource, root: BucketRoot) {
    this.#source = source;
    this.#root = root;
  }

  /** A counter that bbolt offers its users; etcd does not use it. */
  get sequence(): bigint {
    return this.#root.sequence;
  }

  /**
   * The value of a key. It is a view of a page: its bytes never change, but as long as it is held,
   * so is the page. Copy what is kept.
   */
  get(key: Uint8Array): Uint8Array | undefined {
    const leaf = findLeaf(this.#source, topPage(this.#source, this.#root), key);
    const index = indexOfKey(leaf, key);
    if (index < 0 || leaf.isBucket(index)) return undefined;
    const start = leaf.keyStart(index) + leaf.keySize(index);
    return leaf.bytes.subarray(start, start + leaf.valueSize(index));
  }

  /** A cursor that stands nowhere yet. */
  cursor(): Cursor {
    return new Cursor(this.#source, this.#root);
  }
}
