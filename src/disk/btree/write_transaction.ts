import { assert } from "../../base/assert.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import { type BucketRoot, parseBucketRoot } from "./bucket_root.ts";
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
  readonly rootTree: DirtyTree;
  readonly buckets: ReadonlyMap<string, DirtyTree>;
  /** Pages at the top of trees that are gone. */
  readonly abandoned: readonly number[];
}

/** What the file does for its transaction. */
export interface WriteHost {
  commit(changes: Changes): Promise<void>;
  rollback(): void;
}
