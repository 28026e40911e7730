import { dirname } from "node:path";
import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { DiskFile, FileSystem } from "../file_system.ts";
import { ByteArena } from "./byte_arena.ts";
import { commitChanges, type CommitTimes } from "./commit.ts";
import { findFreelist } from "./freelist_page.ts";
import { BTREE_LIMITS } from "./limits.ts";
import type { Meta } from "./meta.ts";
import { readMetaPages } from "./meta_pages.ts";
import { isUnstarted, startFile } from "./new_file.ts";
import { PageAllocator } from "./page_allocator.ts";
import { PageSet } from "./page_set.ts";
import { PageStore } from "./page_store.ts";
import { PageWriter } from "./page_writer.ts";
import { ReachablePages } from "./reachable_pages.ts";
import { ReadTransaction } from "./read_transaction.ts";
import { Tree } from "./tree.ts";
import { type Finding, TreeCheck } from "./tree_check.ts";
import { TurnBudget, type YieldTurn } from "./turn_budget.ts";
import { type Changes, WriteTransaction } from "./write_transaction.ts";

/** How a B-tree file is used. */
export interface BTreeOptions {
  readonly clock: Clock;
  /** Called between the turns of long work: opening, committing, checking. */
  readonly yieldTurn: YieldTurn;
  /** How much memory cached pages may take. */
  readonly cacheBytes?: number | undefined;
  /** Only read; what does not need to know the free pages opens at once. */
  readonly readOnly?: boolean | undefined;
  /** Never wait for the disk: a loss of power may then leave a file that cannot be read. */
  readonly unsafeNoSync?: boolean | undefined;
  /** The size of a page, where the file is new. */
  readonly pageBytes?: number | undefined;
  /** Hears of every commit. */
  readonly onCommit?: ((times: CommitTimes) => void) | undefined;
  /** How long a turn may last; for tests. */
  readonly turnMs?: number | undefined;
  /** What keeps account of free pages; for tests that plant a defect there. */
  readonly newAllocator?: ((pageCount: number, free: PageSet) => PageAllocator) | undefined;
}

/** What opening found out. */
interface OpenedFile {
  readonly store: PageStore;
  readonly meta: Meta;
  readonly warning: string | undefined;
  /** Undefined if the file is only read. */
  readonly allocator: PageAllocator | undefined;
}

/**
 * A copy-on-write B+tree in bbolt's file format: buckets of pairs in the order of their keys. Any
 * number of readers, each with the tree as it was when it began, and one writer.
 *
 * A write or sync that fails is final: nobody knows what is on the disk then, so every later call
 * throws the same error, and the member has to stop.
 *
 * It takes no lock on the file; DataDir does.
 */
export class BTreeFile {
  /** What an administrator should know and may ignore. */
  readonly warning: string | undefined;
  readonly #options: BTreeOptions;
  readonly #store: PageStore;
  readonly #allocator: PageAllocator | undefined;
  #tree: Tree;
  readonly #arena = new ByteArena();
  /** Kept, because its buffer is larger than most commits. */
  #output: PageWriter | undefined;
  /** How many read transactions there are, by the transaction that committed what they read. */
  readonly #readers = new Map<number, number>();
  #hasWriter = false;
  #retirement: PromiseWithResolvers<void> | undefined;
  /** Fulfilled when no commit is under way, whether the last one succeeded or not. */
  #commitEnd: Promise<void> = Promise.resolve();

  private constructor(options: BTreeOptions, opened: OpenedFile) {
    this.#options = options;
    this.#store = opened.store;
    this.#allocator = opened.allocator;
    this.#tree = new Tree(opened.meta);
    this.warning = opened.warning;
  }

  /** Opens a file; unless it is only to be read, one that is missing or empty is made. */
  static async open(
    fileSystem: FileSystem,
    path: string,
    options: BTreeOptions,
  ): Promise<BTreeFile> {
    const isReadOnly = options.readOnly === true;
    const file = fileSystem.open(path, isReadOnly ? "read" : "create");
    try {
      const pageBytes = options.pageBytes ?? BTREE_LIMITS.newFilePageBytes;
      if (!isReadOnly && isUnstarted(file, pageBytes)) {
        await startFile(file, pageBytes);
        await fileSystem.syncDirectory(dirname(path));
      }
      return new BTreeFile(options, await openTree(file, options));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#store.path;
  }

  get pageBytes(): number {
    return this.#store.pageBytes;
  }

  /** What made the file unusable; undefined while all is well. */
  get failure(): unknown {
    return this.#store.failure;
  }

  /** The size of the newest tree with all free pages: etcd's dbSize. */
  get sizeBytes(): number {
    return this.#tree.meta.pageCount * this.pageBytes;
  }

  /** How many read transactions are open. */
  get openReadCount(): number {
    return this.#readers.values().reduce((sum, count) => sum + count, 0);
  }

  /**
   * The part of `sizeBytes` that can be written again without making the file larger; the rest is
   * etcd's dbSizeInUse. Not known, and 0, if the file is only read.
   */
  get freeBytes(): number {
    return (this.#allocator?.freeCount ?? 0) * this.pageBytes;
  }

  /** The transaction that committed the newest tree. */
  get transactionId(): number {
    return this.#tree.meta.transactionId;
  }

  /** Pins the newest tree. The caller has to close it. */
  beginRead(): ReadTransaction {
    this.#store.checkUsable();
    assert(this.#retirement === undefined, "a retired file is not read anew");
    const { transactionId } = this.#tree.meta;
    this.#readers.set(transactionId, (this.#readers.get(transactionId) ?? 0) + 1);
    return new ReadTransaction(this.#store, this.#tree, (tree) => this.#endRead(tree));
  }

  /** There must be no other writer. The caller has to commit it or roll it back. */
  beginWrite(): WriteTransaction {
    this.#store.checkUsable();
    const allocator = this.#allocator;
    assert(allocator !== undefined, "a file that is only read is not written");
    assert(!this.#hasWriter, "there is one write transaction at a time");
    this.#hasWriter = true;
    const host = {
      commit: (changes: Changes) => this.#commit(allocator, changes),
      rollback: () => {
        this.#hasWriter = false;
      },
    };
    this.#arena.reset();
    return new WriteTransaction(host, this.#store, this.#tree, this.#arena);
  }

  /** Everything that is wrong with the newest tree; takes as long as reading the whole file. */
  async check(): Promise<readonly Finding[]> {
    await this.#commitEnd;
    const unused = this.#allocator?.unusedPages();
    const read = this.beginRead();
    try {
      return await new TreeCheck(this.#store, read.tree.meta, this.#newTurn()).run(unused);
    } finally {
      read.close();
    }
  }

  /**
   * Waits for a commit that is under way. Unless the file failed, there must be no other
   * transaction.
   */
  async close(): Promise<void> {
    await this.#commitEnd;
    if (this.failure === undefined) {
      assert(!this.#hasWriter, "a file is closed after its write transaction has ended");
      assert(this.#readers.size === 0, "a file is closed after its read transactions");
    }
    this.#store.close();
  }

  /**
   * Closes a file that has lost its name to another one as soon as its last read transaction has
   * ended, which the promise tells; no other begins. There must be no writer.
   */
  retire(): Promise<void> {
    assert(!this.#hasWriter, "a file is retired after its write transaction has ended");
    this.#retirement = Promise.withResolvers();
    this.#discardIfUnused();
    return this.#retirement.promise;
  }

  #discardIfUnused(): void {
    if (this.#retirement === undefined || this.#readers.size > 0) return;
    this.#store.discard().then(this.#retirement.resolve);
  }

  async #commit(allocator: PageAllocator, changes: Changes): Promise<void> {
    let end = (): void => {};
    this.#commitEnd = new Promise((resolve) => end = resolve);
    try {
      this.#store.checkUsable();
      allocator.release(this.#oldestRead());
      this.#tree = await commitChanges({
        store: this.#store,
        allocator,
        output: this.#output ??= new PageWriter(this.#store.file, this.pageBytes),
        before: this.#tree,
        turn: this.#newTurn(),
        clock: this.#options.clock,
        onCommit: this.#options.onCommit,
      }, changes);
    } catch (error) {
      this.#store.fail(error);
      throw error;
    } finally {
      this.#hasWriter = false;
      end();
    }
  }

  /** The transaction that committed the oldest tree that is still read, or that would be read now. */
  #oldestRead(): number {
    let oldest = this.#tree.meta.transactionId;
    for (const transactionId of this.#readers.keys()) oldest = Math.min(oldest, transactionId);
    return oldest;
  }

  #endRead(tree: Tree): void {
    const { transactionId } = tree.meta;
    const count = this.#readers.get(transactionId) ?? 0;
    if (count > 1) this.#readers.set(transactionId, count - 1);
    else this.#readers.delete(transactionId);
    this.#discardIfUnused();
  }

  #newTurn(): TurnBudget {
    return newTurn(this.#options);
  }
}

async function openTree(file: DiskFile, options: BTreeOptions): Promise<OpenedFile> {
  const { meta, warning } = readMetaPages(file);
  const pages = { bytes: meta.pageBytes, count: meta.pageCount };
  const store = new PageStore(file, pages, {
    cacheBytes: options.cacheBytes ?? BTREE_LIMITS.cacheBytes,
    waitsForDisk: options.unsafeNoSync !== true,
  });
  if (options.readOnly === true) return { store, meta, warning, allocator: undefined };
  const free = await findFreePages(store, meta, newTurn(options));
  const newAllocator = options.newAllocator ?? makeAllocator;
  return { store, meta, warning, allocator: newAllocator(meta.pageCount, free) };
}

function makeAllocator(pageCount: number, free: PageSet): PageAllocator {
  return new PageAllocator(pageCount, free);
}

/** Free is what the tree does not use; a freelist in the file could only say the same. */
async function findFreePages(store: PageStore, meta: Meta, turn: TurnBudget): Promise<PageSet> {
  const reachable = new ReachablePages(store, turn);
  await reachable.add(meta.rootId);
  if (meta.freelistId !== undefined) {
    const { id, span } = findFreelist(store, meta.freelistId);
    reachable.addSpan(id, span);
  }
  const free = new PageSet(meta.pageCount);
  const used = reachable.pages;
  for (let id = used.nextMissing(2); id < meta.pageCount; id = used.nextMissing(id + 1)) {
    free.add(id);
  }
  return free;
}

function newTurn(options: BTreeOptions): TurnBudget {
  return new TurnBudget(options.clock, options.turnMs ?? BTREE_LIMITS.turnMs, options.yieldTurn);
}
