import { bytesFromLatin1 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { findFreelist } from "./freelist_page.ts";
import { encodeMetaPage, type Meta } from "./meta.ts";
import { BUCKET_FLAG } from "./page.ts";
import type { PageAllocator } from "./page_allocator.ts";
import type { PageWriter } from "./page_writer.ts";
import type { PageStore } from "./page_store.ts";
import { ReachablePages } from "./reachable_pages.ts";
import { Tree } from "./tree.ts";
import { TreeWriter } from "./tree_writer.ts";
import type { TurnBudget } from "./turn_budget.ts";
import type { Changes } from "./write_transaction.ts";

/** What the parts of a commit took, in milliseconds. */
export interface CommitTimes {
  /** Uniting small nodes with their neighbours. */
  readonly unitingMs: number;
  /** Giving every changed node a page, and handing the pages to the file system. */
  readonly writingMs: number;
  /** Waiting until they are durable, and then the meta page that leads to them. */
  readonly syncingMs: number;
}

/** What a commit works on. */
interface CommitParts {
  readonly store: PageStore;
  readonly allocator: PageAllocator;
  readonly output: PageWriter;
  /** The tree that was changed. */
  readonly before: Tree;
  readonly turn: TurnBudget;
  readonly clock: Clock;
  /** Is told what the parts of the commit took. */
  readonly onCommit: ((times: CommitTimes) => void) | undefined;
}

/**
 * Writes the changes into free pages, waits until those are safe, and only then lets the meta page
 * that is not in use lead to them; so the tree before stays whole whatever happens. Returns the tree
 * that is now the newest. After an exception nobody knows which of the two the disk will show.
 */
export async function commitChanges(parts: CommitParts, changes: Changes): Promise<Tree> {
  const { store, allocator, before, clock } = parts;
  const startedMs = clock.monotonicMs();
  const transactionId = before.meta.transactionId + 1;
  const { freed } = changes.pages;
  allocator.freed(transactionId, freed.splice(0));
  const { rootId, unitingMs } = await writeTrees(parts, changes);
  allocator.freed(transactionId, freed.splice(0));
  allocator.freed(transactionId, await abandonedPages(parts, changes.abandoned));
  allocator.freed(transactionId, freelistPages(store, before.meta));
  const writtenMs = clock.monotonicMs();
  await store.sync();

  const meta: Meta = {
    ...before.meta,
    rootId,
    freelistId: undefined,
    pageCount: allocator.pageCount,
    transactionId,
  };
  await writeMeta(store, meta);
  store.pageCount = meta.pageCount;
  parts.onCommit?.({
    unitingMs,
    writingMs: writtenMs - startedMs - unitingMs,
    syncingMs: clock.monotonicMs() - writtenMs,
  });
  return new Tree(meta);
}

/** Returns the page at the top of the bucket of buckets, and how long uniting nodes took. */
async function writeTrees(
  { store, allocator, output, turn, clock }: CommitParts,
  changes: Changes,
): Promise<{ readonly rootId: number; readonly unitingMs: number }> {
  const { rootTree, trees, pages } = changes;
  const writer = new TreeWriter({ store, pages, allocator, output, turn, clock });
  for (const [name, tree] of trees) {
    if (tree.top === undefined) continue;
    const value = await writer.writeBucket(tree);
    rootTree.put(bytesFromLatin1(name), BUCKET_FLAG, value, 0, value.length);
  }
  const rootId = await writer.writeTree(rootTree);
  output.flush();
  return { rootId, unitingMs: writer.unitingMs };
}

/** Transactions alternate between the two meta pages. */
async function writeMeta(store: PageStore, meta: Meta): Promise<void> {
  const { pageBytes } = store;
  const pageId = meta.transactionId % 2;
  const page = new Uint8Array(pageBytes);
  encodeMetaPage(meta, pageId, page, 0);
  store.file.writeAt(page, 0, pageBytes, pageId * pageBytes);
  await store.sync();
}

async function abandonedPages(
  { store, turn }: CommitParts,
  tops: readonly number[],
): Promise<number[]> {
  const ids: number[] = [];
  if (tops.length === 0) return ids;
  const reachable = new ReachablePages(store, turn);
  for (const top of tops) await reachable.add(top);
  const { pages } = reachable;
  for (let id = pages.next(0); id >= 0; id = pages.next(id + 1)) ids.push(id);
  return ids;
}

/** A freelist that bbolt left behind is of no use any more: we find out what is free at every start. */
function freelistPages(store: PageStore, { freelistId }: Meta): number[] {
  if (freelistId === undefined) return [];
  const { id, span } = findFreelist(store, freelistId);
  return Array.from({ length: span }, (_, i) => id + i);
}
