import { bucketPageId, type BucketRoot } from "./bucket_root.ts";
import type { ByteArena } from "./byte_arena.ts";
import { Cursor, findLeaf, indexOfKey, topPage } from "./cursor.ts";
import {
  BranchItem,
  DirtyBranch,
  type DirtyLeaf,
  type DirtyNode,
  dirtyNodeFromPage,
  LeafItem,
  leafItemAt,
} from "./dirty_node.ts";
import { damage } from "./damage.ts";
import { BTREE_LIMITS } from "./limits.ts";
import { splitIfLarge } from "./node_split.ts";
import { BUCKET_FLAG, type Page } from "./page.ts";
import type { PageSource } from "./page_store.ts";

/** What the trees of one transaction share. */
export class TransactionPages {
  readonly source: PageSource;
  readonly arena: ByteArena;
  /** The pages of the tree before that the tree after does without. */
  readonly freed: number[] = [];

  constructor(source: PageSource, arena: ByteArena) {
    this.source = source;
    this.arena = arena;
  }

  /** Makes a node of a page, which is free from then on. */
  makeDirty(page: Page): DirtyNode {
    // A page within a bucket's value is part of another page.
    if (page.id !== 0) this.free(page.id, page.span);
    return dirtyNodeFromPage(page);
  }

  free(id: number, span: number): void {
    for (let i = 0; i < span; i++) this.freed.push(id + i);
  }
}

/**
 * The tree of one bucket in a transaction that writes: pages as they are on the disk, and above
 * them, from the top down to each leaf that was touched, nodes that were changed.
 */
export class DirtyTree {
  readonly #pages: TransactionPages;
  readonly #base: BucketRoot;
  #top: DirtyNode | undefined;
  /** The leaf touched last, where the next key probably belongs as well. */
  #recentLeaf: DirtyLeaf | undefined;
  #recentIsLast = false;

  constructor(pages: TransactionPages, base: BucketRoot) {
    this.#pages = pages;
    this.#base = base;
  }

  /** The tree as the transaction found it. */
  get base(): BucketRoot {
    return this.#base;
  }

  /** Undefined as long as nothing was changed. */
  get top(): DirtyNode | undefined {
    return this.#top;
  }

  get recentLeaf(): DirtyLeaf | undefined {
    return this.#recentLeaf;
  }

  find(key: Uint8Array): LeafItem | undefined {
    const { source } = this.#pages;
    let node = this.#top;
    if (node === undefined) return findInPages(source, topPage(source, this.#base), key);
    while (!node.isLeaf) {
      const item: BranchItem = node.items[node.childIndexFor(key)];
      if (item.child === undefined) return findInPages(source, source.page(item.childId), key);
      node = item.child;
    }
    const index = node.indexOf(key);
    return index < 0 ? undefined : node.items[index];
  }

  /** The first pair whose key is not below `key`. */
  findFrom(key: Uint8Array): LeafItem | undefined {
    return this.#top === undefined
      ? this.#findInPagesFrom(this.#base, key)
      : this.#findInNodeFrom(this.#top, key);
  }

  /** Copies the key and value[start, end). */
  put(key: Uint8Array, flags: number, value: Uint8Array, start: number, end: number): void {
    const leaf = this.#leafFor(key);
    const item = this.#pages.arena.add(key, flags, value, start, end);
    const index = leaf.lowerBound(key);
    if (leaf.hasKeyAt(index, key)) {
      this.#checkKind(leaf.items[index], flags);
      leaf.replace(index, item);
    } else {
      leaf.insert(index, item);
      if (index === 0) lowerFirstKeys(leaf);
    }
    if (leaf.sizeBytes > this.#pages.source.pageBytes) this.#split(leaf, index);
  }

  /** False if there is no such pair, or with BUCKET_FLAG no such bucket. */
  delete(key: Uint8Array, flags: number): boolean {
    const isCovered = this.#recentLeaf?.covers(key, this.#recentIsLast) ?? false;
    if (!isCovered && this.find(key) === undefined) return false;
    const leaf = this.#leafFor(key);
    const index = leaf.indexOf(key);
    if (index < 0) return false;
    this.#checkKind(leaf.items[index], flags);
    leaf.remove(index);
    return true;
  }

  /** Neither may a pair replace a bucket, whose pages would be lost, nor a bucket a pair. */
  #checkKind(item: LeafItem, flags: number): void {
    if (((item.flags ^ flags) & BUCKET_FLAG) === 0) return;
    throw damage(this.#pages.source.path, undefined, "a bucket and a pair have the same name");
  }

  /** Forgets the tree; returns the pages at the top of all that is left of it on the disk. */
  abandon(): number[] {
    const roots: number[] = [];
    if (this.#top === undefined) {
      if (this.#base.inlinePage === undefined) roots.push(this.#base.pageId);
    } else {
      collectRoots(this.#top, roots);
    }
    return roots;
  }

  /** Splits a node that became too large by a change at `index`, and then the branches above it. */
  #split(leaf: DirtyLeaf, index: number): void {
    this.#recentLeaf = undefined;
    let node: DirtyNode = leaf;
    let changedIndex = index;
    for (;;) {
      const rights = splitIfLarge(node, changedIndex, this.#pages.source.pageBytes);
      if (rights.length === 0) return;
      const parent: DirtyBranch = node.parent ?? this.#newTop(node);
      changedIndex = parent.indexOfChild(node);
      for (const right of rights) {
        parent.insert(++changedIndex, new BranchItem(right.items[0], 0, right));
      }
      node = parent;
    }
  }

  #newTop(onlyChild: DirtyNode): DirtyBranch {
    const top = new DirtyBranch([new BranchItem(onlyChild.items[0], 0, onlyChild)]);
    this.#top = top;
    return top;
  }

  /** The leaf in which the key is or would be, with all nodes above it made dirty. */
  #leafFor(key: Uint8Array): DirtyLeaf {
    const recent = this.#recentLeaf;
    if (recent !== undefined && recent.covers(key, this.#recentIsLast)) return recent;
    let node = this.#top ??= this.#pages.makeDirty(topPage(this.#pages.source, this.#base));
    let isLast = true;
    for (let depth = 1; !node.isLeaf; depth++) {
      const index: number = node.childIndexFor(key);
      if (index < node.items.length - 1) isLast = false;
      node = node.items[index].child ?? this.#makeChildDirty(node, index, depth);
    }
    this.#recentLeaf = node;
    this.#recentIsLast = isLast;
    return node;
  }

  #makeChildDirty(branch: DirtyBranch, index: number, depth: number): DirtyNode {
    const { source } = this.#pages;
    const id = branch.items[index].childId;
    if (depth >= BTREE_LIMITS.depth) {
      const what = `the tree is more than ${BTREE_LIMITS.depth} levels deep`;
      throw damage(source.path, id * source.pageBytes, what);
    }
    const child = this.#pages.makeDirty(source.page(id));
    branch.setChild(index, child);
    return child;
  }

  #findInNodeFrom(node: DirtyNode, key: Uint8Array): LeafItem | undefined {
    if (node.isLeaf) return node.items[node.lowerBound(key)];
    for (let i = node.childIndexFor(key); i < node.items.length; i++) {
      const { child, childId } = node.items[i];
      const found = child === undefined
        ? this.#findInPagesFrom({ pageId: childId, inlinePage: undefined, sequence: 0n }, key)
        : this.#findInNodeFrom(child, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findInPagesFrom(root: BucketRoot, key: Uint8Array): LeafItem | undefined {
    const cursor = new Cursor(this.#pages.source, root);
    if (!cursor.seek(key)) return undefined;
    const { bytes, keyStart, valueStart, valueEnd, isBucket } = cursor;
    const keySize = valueStart - keyStart;
    return new LeafItem(
      bytes,
      keyStart,
      keySize,
      valueEnd - valueStart,
      isBucket ? BUCKET_FLAG : 0,
    );
  }
}

function findInPages(source: PageSource, top: Page, key: Uint8Array): LeafItem | undefined {
  const leaf = findLeaf(source, top, key);
  const index = indexOfKey(leaf, key);
  return index < 0 ? undefined : leafItemAt(leaf, index);
}

/** A key was put before all others of the leaf: if that is the first leaf, before all of its branches. */
function lowerFirstKeys(leaf: DirtyLeaf): void {
  let node: DirtyNode = leaf;
  while (node.parent !== undefined && node.parent.items[0].child === node) {
    node.parent.setKey(0, leaf.items[0]);
    node = node.parent;
  }
}

/** Adds the pages at the top of what hangs from dirty nodes without being dirty. */
function collectRoots(node: DirtyNode, roots: number[]): void {
  if (node.isLeaf) {
    for (const item of node.items) {
      if ((item.flags & BUCKET_FLAG) === 0) continue;
      const pageId = bucketPageId(item);
      if (pageId !== 0) roots.push(pageId);
    }
    return;
  }
  for (const { child, childId } of node.items) {
    if (child === undefined) roots.push(childId);
    else collectRoots(child, roots);
  }
}
