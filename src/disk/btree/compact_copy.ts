import type { Clock } from "../../base/clock.ts";
import type { FileSystem } from "../file_system.ts";
import { type BucketRoot, parseBucketRoot } from "./bucket_root.ts";
import { type BulkTree, BulkWriter } from "./bulk_writer.ts";
import { Cursor } from "./cursor.ts";
import { damage } from "./damage.ts";
import { LeafItem } from "./dirty_node.ts";
import { BTREE_LIMITS } from "./limits.ts";
import type { ReadTransaction } from "./read_transaction.ts";
import { TurnBudget, type YieldTurn } from "./turn_budget.ts";

/** Where a copy goes, and how long work goes on before others get their turn. */
interface CopyOptions {
  readonly fileSystem: FileSystem;
  /** Nothing may be there. The caller syncs the directory, when the copy has the name it needs. */
  readonly path: string;
  readonly clock: Clock;
  readonly yieldTurn: YieldTurn;
}

/** How many pairs are copied before a look at the time. */
const PAIRS_AT_ONCE = 32;

/** Copies all that a transaction sees into a new file with full pages and no free ones. */
export async function compactCopy(read: ReadTransaction, options: CopyOptions): Promise<void> {
  const file = options.fileSystem.open(options.path, "createNew");
  try {
    const writer = new BulkWriter(file, read.pageBytes);
    const turn = new TurnBudget(options.clock, BTREE_LIMITS.turnMs, options.yieldTurn);
    const copy = new Copy(read, writer, turn);
    for (const name of read.bucketNames()) {
      const root = read.tree.bucket(read, name);
      if (root === undefined) continue;
      writer.addBucket(name, await copy.tree(root, 0), root.sequence);
    }
    await writer.finish();
  } finally {
    file.close();
  }
}

class Copy {
  readonly #read: ReadTransaction;
  readonly #writer: BulkWriter;
  readonly #turn: TurnBudget;
  #pairCount = 0;

  constructor(read: ReadTransaction, writer: BulkWriter, turn: TurnBudget) {
    this.#read = read;
    this.#writer = writer;
    this.#turn = turn;
  }

  /** `depth` is that of the bucket in buckets. */
  async tree(root: BucketRoot, depth: number): Promise<BulkTree> {
    if (depth > BTREE_LIMITS.depth) {
      throw damage(this.#read.path, undefined, "its buckets are nested without end");
    }
    const tree = this.#writer.newTree();
    const cursor = new Cursor(this.#read, root);
    for (let found = cursor.first(); found; found = cursor.next()) {
      if (cursor.isBucket) await this.#addBucket(tree, cursor, depth);
      else tree.add(itemAt(cursor));
      if (++this.#pairCount % PAIRS_AT_ONCE === 0) await this.#rest();
    }
    return tree;
  }

  async #rest(): Promise<void> {
    if (this.#writer.isSyncDue) await this.#writer.sync();
    if (this.#turn.isSpent()) await this.#turn.next();
  }

  async #addBucket(tree: BulkTree, cursor: Cursor, depth: number): Promise<void> {
    const { bytes, valueStart, valueEnd } = cursor;
    const place = { path: this.#read.path, offset: undefined };
    const root = parseBucketRoot(bytes, valueStart, valueEnd - valueStart, place);
    tree.addBucket(cursor.key, await this.tree(root, depth + 1), root.sequence);
  }
}

function itemAt({ bytes, keyStart, valueStart, valueEnd }: Cursor): LeafItem {
  return new LeafItem(bytes, keyStart, valueStart - keyStart, valueEnd - valueStart, 0);
}
