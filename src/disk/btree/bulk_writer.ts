import { bytesFromLatin1 } from "../../base/bytes.ts";
import type { DiskFile } from "../file_system.ts";
import { BUCKET_HEADER_BYTES, writeBucketHeader } from "./bucket_root.ts";
import { BranchItem, DirtyBranch, DirtyLeaf, type DirtyNode, LeafItem } from "./dirty_node.ts";
import { MIN_SPLIT_CHILDREN } from "./node_split.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { encodeMetaPage } from "./meta.ts";
import { BUCKET_FLAG } from "./page.ts";
import { PageWriter } from "./page_writer.ts";
import { encodeInlineBucket, fitsInline } from "./tree_writer.ts";

/** The file looks as if this many transactions had made it, so that both meta pages are in order. */
const TRANSACTION_ID = 2;
const FIRST_TREE_PAGE = 2;

/** Fills an empty file from its start to its end with buckets that are given in order. */
export class BulkWriter {
  readonly pageBytes: number;
  readonly #file: DiskFile;
  readonly #output: PageWriter;
  readonly #rootTree: BulkTree;
  #pageCount = FIRST_TREE_PAGE;
  #syncedPageCount = 0;

  constructor(file: DiskFile, pageBytes: number) {
    this.pageBytes = pageBytes;
    this.#file = file;
    this.#output = new PageWriter(file, pageBytes);
    this.#rootTree = new BulkTree(this);
  }

  /** A tree that becomes a bucket once it is added; several may be filled at a time. */
  newTree(): BulkTree {
    return new BulkTree(this);
  }

  /** Adds a bucket, whose name must come behind those of the buckets before it. */
  addBucket(name: string, tree: BulkTree, sequence: bigint): void {
    this.#rootTree.addBucket(bytesFromLatin1(name), tree, sequence);
  }

  /** Whether so much was written since the last sync that it is time for the next. */
  get isSyncDue(): boolean {
    const unsyncedBytes = (this.#pageCount - this.#syncedPageCount) * this.pageBytes;
    return unsyncedBytes >= BTREE_LIMITS.bulkBytesPerSync;
  }

  /** Makes safe what was written so far. */
  async sync(): Promise<void> {
    this.#syncedPageCount = this.#pageCount;
    await this.#file.dataSync();
  }

  /** Makes the file complete and safe. */
  async finish(): Promise<void> {
    const rootId = this.#rootTree.finish();
    this.#output.flush();
    await this.#file.dataSync();
    const meta = {
      pageBytes: this.pageBytes,
      rootId,
      rootSequence: 0n,
      freelistId: undefined,
      pageCount: this.#pageCount,
    };
    const pages = new Uint8Array(FIRST_TREE_PAGE * this.pageBytes);
    encodeMetaPage({ ...meta, transactionId: TRANSACTION_ID }, 0, pages, 0);
    encodeMetaPage({ ...meta, transactionId: TRANSACTION_ID - 1 }, 1, pages, this.pageBytes);
    this.#file.writeAt(pages, 0, pages.length, 0);
    await this.#file.dataSync();
  }

  /** For trees: writes a node behind all others and returns its page. */
  writeNode(node: DirtyNode): number {
    const span = Math.ceil(node.sizeBytes / this.pageBytes);
    const id = this.#pageCount;
    this.#pageCount += span;
    const output = this.#output;
    const start = output.reserve(id, span);
    const end = start + span * this.pageBytes;
    output.bytes.fill(0, node.encode(output.view, output.bytes, start, id, span), end);
    return id;
  }
}

/** A tree that grows at its end only; what is full goes to the file at once. */
export class BulkTree {
  readonly #writer: BulkWriter;
  #leaf = new DirtyLeaf();
  /** The unfinished branch of each level, the lowest first. */
  readonly #branches: DirtyBranch[] = [];

  constructor(writer: BulkWriter) {
    this.#writer = writer;
  }

  /** Adds a pair whose key is above all before; its bytes must not change until the tree is finished. */
  add(item: LeafItem): void {
    const { pageBytes } = this.#writer;
    if (this.#leaf.items.length > 0 && this.#leaf.sizeBytes + item.sizeBytes > pageBytes) {
      this.#writeLeaf();
    }
    this.#leaf.insert(this.#leaf.items.length, item);
  }

  /** Adds a bucket whose pairs are complete. */
  addBucket(key: Uint8Array, tree: BulkTree, sequence: bigint): void {
    const value = tree.finishBucket(sequence);
    const bytes = new Uint8Array(key.length + value.length);
    bytes.set(key);
    bytes.set(value, key.length);
    this.add(new LeafItem(bytes, 0, key.length, value.length, BUCKET_FLAG));
  }

  /** Writes the rest; returns the bucket's value. */
  finishBucket(sequence: bigint): Uint8Array {
    if (this.#branches.length === 0 && fitsInline(this.#leaf, this.#writer.pageBytes)) {
      return encodeInlineBucket(this.#leaf, sequence);
    }
    const value = new Uint8Array(BUCKET_HEADER_BYTES);
    writeBucketHeader(new DataView(value.buffer), 0, this.finish(), sequence);
    return value;
  }

  /** Writes the rest; returns the page at the top. */
  finish(): number {
    if (this.#branches.length === 0) return this.#writer.writeNode(this.#leaf);
    this.#writeLeaf();
    for (let level = 0;; level++) {
      const isTop = level === this.#branches.length - 1;
      if (isTop) return this.#writer.writeNode(this.#branches[level]);
      this.#writeBranch(level);
    }
  }

  #writeLeaf(): void {
    const leaf = this.#leaf;
    this.#leaf = new DirtyLeaf();
    // Only the key is kept, not the page it is a part of.
    this.#addChild(0, leaf.items[0].key.slice(), this.#writer.writeNode(leaf));
  }

  #writeBranch(level: number): void {
    const branch = this.#branches[level];
    this.#branches[level] = new DirtyBranch();
    this.#addChild(level + 1, branch.items[0].bytes, this.#writer.writeNode(branch));
  }

  #addChild(level: number, key: Uint8Array, childId: number): void {
    if (level === this.#branches.length) this.#branches.push(new DirtyBranch());
    const branch = this.#branches[level];
    const place = { bytes: key, start: 0, keySize: key.length };
    branch.insert(branch.items.length, new BranchItem(place, childId, undefined));
    if (branch.sizeBytes <= this.#writer.pageBytes || branch.items.length < MIN_SPLIT_CHILDREN) {
      return;
    }
    // The last two make a branch of their own, for one child alone would be too few.
    const rest = branch.splitOff(branch.items.length - MIN_SPLIT_CHILDREN / 2);
    this.#writeBranch(level);
    this.#branches[level] = rest;
  }
}
