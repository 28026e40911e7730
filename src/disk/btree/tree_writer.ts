import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { BUCKET_HEADER_BYTES, writeBucketHeader } from "./bucket_root.ts";
import { damage } from "./damage.ts";
import { areInOrder, BranchItem, DirtyBranch, DirtyLeaf, type DirtyNode } from "./dirty_node.ts";
import type { DirtyTree, TransactionPages } from "./dirty_tree.ts";
import { splitIfLarge } from "./node_split.ts";
import { BUCKET_FLAG, Page, PAGE_HEADER_BYTES } from "./page.ts";
import type { PageAllocator } from "./page_allocator.ts";
import type { PageStore } from "./page_store.ts";
import type { PageWriter } from "./page_writer.ts";
import type { TurnBudget } from "./turn_budget.ts";

/** A bucket that takes at most this part of a page lies within its own value, as in bbolt. */
const INLINE_PART = 1 / 4;

/** A node below this part of a page is united with a neighbour, if both fit into one page. */
const SMALL_PART = 1 / 2;

/** What a TreeWriter works with. */
interface TreeWriterParts {
  readonly store: PageStore;
  readonly pages: TransactionPages;
  readonly allocator: PageAllocator;
  readonly output: PageWriter;
  readonly turn: TurnBudget;
  readonly clock: Clock;
}

/**
 * Turns the dirty trees of a transaction into pages and writes those, from the leaves up. First
 * small nodes are united with their neighbours; then each node gets a page, and its branch learns
 * which.
 */
export class TreeWriter {
  readonly #store: PageStore;
  readonly #pages: TransactionPages;
  readonly #allocator: PageAllocator;
  readonly #turn: TurnBudget;
  readonly #output: PageWriter;
  readonly #clock: Clock;
  readonly #pageBytes: number;
  #unitingMs = 0;
  /** The one leaf that will be read again soon: where the next transaction goes on. */
  #recentLeaf: DirtyLeaf | undefined;

  constructor({ store, pages, allocator, output, turn, clock }: TreeWriterParts) {
    this.#store = store;
    this.#pages = pages;
    this.#allocator = allocator;
    this.#turn = turn;
    this.#output = output;
    this.#clock = clock;
    this.#pageBytes = store.pageBytes;
  }

  /** How long it took so far to unite small nodes. */
  get unitingMs(): number {
    return this.#unitingMs;
  }

  /** Writes a changed tree; returns the page at its top. */
  async writeTree(tree: DirtyTree): Promise<number> {
    const top = await this.#unite(tree);
    return typeof top === "number" ? top : await this.#write(top, tree);
  }

  /** Writes the changed tree of a bucket, unless it fits into the bucket's value; returns that. */
  async writeBucket(tree: DirtyTree): Promise<Uint8Array> {
    const { sequence } = tree.base;
    const top = await this.#unite(tree);
    if (typeof top !== "number" && top.isLeaf && fitsInline(top, this.#pageBytes)) {
      return encodeInlineBucket(top, sequence);
    }
    const pageId = typeof top === "number" ? top : await this.#write(top, tree);
    const value = new Uint8Array(BUCKET_HEADER_BYTES);
    writeBucketHeader(new DataView(value.buffer), 0, pageId, sequence);
    return value;
  }

  /**
   * Unites small nodes of the whole tree. Returns the top, which is lower than before if nothing
   * but one child was left below; a number if it is a page that needs no writing.
   */
  async #unite(tree: DirtyTree): Promise<DirtyNode | number> {
    const startedMs = this.#clock.monotonicMs();
    const top = await this.#uniteNodes(tree);
    this.#unitingMs += this.#clock.monotonicMs() - startedMs;
    return top;
  }

  async #uniteNodes(tree: DirtyTree): Promise<DirtyNode | number> {
    let top: DirtyNode | undefined = tree.top;
    if (top === undefined) return tree.base.pageId;
    for (const branch of branchesUpward(top)) {
      this.#uniteChildren(branch);
      if (this.#turn.isSpent()) await this.#turn.next();
    }
    while (!top.isLeaf && top.items.length === 1) {
      const { child, childId }: BranchItem = top.items[0];
      if (child === undefined && !this.#mayFitInline(childId)) return childId;
      top = this.#dirtyChild(top, 0);
    }
    return top.items.length === 0 ? new DirtyLeaf() : top;
  }

  /** Whether it is worth making the page dirty, since it may do without a page of its own. */
  #mayFitInline(id: number): boolean {
    const page = this.#store.page(id);
    return page.isLeaf && page.usedBytes() <= this.#pageBytes * INLINE_PART;
  }

  /** Writes all nodes; returns the page of the one at the top, which is new if the old one was split. */
  async #write(top: DirtyNode, tree: DirtyTree): Promise<number> {
    this.#recentLeaf = tree.recentLeaf;
    for (const branch of branchesUpward(top)) await this.#writeChildren(branch);
    let node = top;
    for (;;) {
      const rights = splitIfLarge(node, -1, this.#pageBytes);
      if (rights.length === 0) return this.#writeNode(node, true);
      const parts = [node, ...rights].map((part) => new BranchItem(part.items[0], 0, part));
      node = new DirtyBranch(parts);
      await this.#writeChildren(node);
    }
  }

  /** Removes empty children and unites small ones with neighbours. */
  #uniteChildren(branch: DirtyBranch): void {
    const smallBytes = this.#pageBytes * SMALL_PART;
    for (let i = 0; i < branch.items.length;) {
      const { child } = branch.items[i];
      if (child === undefined) i++;
      else if (child.items.length === 0) branch.remove(i);
      else if (child.sizeBytes >= smallBytes && !isLonely(child)) i++;
      else if (this.#uniteWithNeighbour(branch, i, child)) i = Math.max(0, i - 1);
      else i++;
    }
  }

  #uniteWithNeighbour(branch: DirtyBranch, index: number, child: DirtyNode): boolean {
    const other = this.#findNeighbour(branch, index, (item) => this.#fitsWith(child, item)) ??
      (isLonely(child)
        ? this.#findNeighbour(branch, index, (item) => this.#isBranch(item))
        : undefined);
    if (other === undefined) return false;
    this.#join(branch, Math.min(index, other));
    return true;
  }

  /** Rather one that is to be written anyway. */
  #findNeighbour(
    branch: DirtyBranch,
    index: number,
    suits: (item: BranchItem) => boolean,
  ): number | undefined {
    for (const isDirty of [true, false]) {
      for (const other of [index - 1, index + 1]) {
        if (other < 0 || other >= branch.items.length) continue;
        const item = branch.items[other];
        if ((item.child !== undefined) === isDirty && suits(item)) return other;
      }
    }
    return undefined;
  }

  #fitsWith(node: DirtyNode, neighbour: BranchItem): boolean {
    const other = neighbour.child ?? this.#store.page(neighbour.childId);
    if (other.isLeaf !== node.isLeaf) return false;
    const otherBytes = other instanceof Page ? other.usedBytes() : other.sizeBytes;
    return node.sizeBytes + otherBytes - PAGE_HEADER_BYTES <= this.#pageBytes;
  }

  #isBranch(item: BranchItem): boolean {
    return !(item.child ?? this.#store.page(item.childId)).isLeaf;
  }

  /** Makes one of the children at `index` and behind it, which may become too large for a page. */
  #join(branch: DirtyBranch, index: number): void {
    const left = this.#dirtyChild(branch, index);
    const right = this.#dirtyChild(branch, index + 1);
    const lastLeft = left.items.at(-1);
    const firstRight = right.items.at(0);
    if (lastLeft !== undefined && firstRight !== undefined && !areInOrder(lastLeft, firstRight)) {
      throw this.#disorder();
    }
    branch.remove(index + 1);
    if (left.isLeaf) {
      assert(right.isLeaf, "only nodes of one kind are joined");
      left.append(right);
    } else {
      assert(!right.isLeaf, "only nodes of one kind are joined");
      left.append(right);
      // Children that found no neighbour before may have one now.
      this.#uniteChildren(left);
    }
  }

  #dirtyChild(branch: DirtyBranch, index: number): DirtyNode {
    const { child, childId } = branch.items[index];
    if (child !== undefined) return child;
    const made = this.#pages.makeDirty(this.#store.page(childId));
    branch.setChild(index, made);
    return made;
  }

  async #writeChildren(branch: DirtyBranch): Promise<void> {
    for (let i = 0; i < branch.items.length; i++) {
      const { child } = branch.items[i];
      if (child === undefined) continue;
      splitIfLarge(child, -1, this.#pageBytes).forEach((right, k) => {
        branch.insert(i + 1 + k, new BranchItem(right.items[0], 0, right));
      });
      if (this.#turn.isSpent()) await this.#turn.next();
      branch.setChildId(i, this.#writeNode(child, false));
      // bbolt finds a child's place in its branch by its first key, so they must be the same.
      branch.setKey(i, child.items[0]);
    }
  }

  #writeNode(node: DirtyNode, isTop: boolean): number {
    if (!node.isLeaf) this.#checkOrder(node);
    const span = Math.ceil(node.sizeBytes / this.#pageBytes);
    const id = this.#allocator.allocate(span, this.#store.path);
    const output = this.#output;
    const start = output.reserve(id, span);
    const end = start + span * this.#pageBytes;
    output.bytes.fill(0, node.encode(output.view, output.bytes, start, id, span), end);
    if (isTop || !node.isLeaf || node === this.#recentLeaf) {
      this.#store.cache.put(new Page(id, output.bytes.slice(start, end)));
    } else {
      this.#store.cache.remove(id);
    }
    return id;
  }

  /** Out of a damaged file, keys may come in any order; they must not get into a page of ours. */
  #checkOrder(branch: DirtyBranch): void {
    const { items } = branch;
    for (let i = 1; i < items.length; i++) {
      if (!areInOrder(items[i - 1], items[i])) throw this.#disorder();
    }
  }

  #disorder(): Error {
    return damage(
      this.#store.path,
      undefined,
      "neighbouring pages have keys that are out of order",
    );
  }
}

/** bbolt takes it for granted that a branch has two children or more. */
function isLonely(node: DirtyNode): boolean {
  return !node.isLeaf && node.items.length < 2;
}

/** All dirty branches of a tree, each behind those below it, so that it can do with its children as it likes. */
function* branchesUpward(top: DirtyNode): Generator<DirtyBranch> {
  if (top.isLeaf) return;
  const way = [{ branch: top, next: 0 }];
  while (way.length > 0) {
    const place = way[way.length - 1];
    if (place.next === place.branch.items.length) {
      way.pop();
      yield place.branch;
      continue;
    }
    const { child } = place.branch.items[place.next++];
    if (child !== undefined && !child.isLeaf) way.push({ branch: child, next: 0 });
  }
}

/** Whether a bucket with this leaf alone lies within its own value. */
export function fitsInline(leaf: DirtyLeaf, pageBytes: number): boolean {
  return leaf.sizeBytes <= pageBytes * INLINE_PART &&
    leaf.items.every((item) => (item.flags & BUCKET_FLAG) === 0);
}

/** A bucket's value with the leaf in it. */
export function encodeInlineBucket(leaf: DirtyLeaf, sequence: bigint): Uint8Array {
  const value = new Uint8Array(BUCKET_HEADER_BYTES + leaf.sizeBytes);
  const view = new DataView(value.buffer);
  writeBucketHeader(view, 0, 0, sequence);
  leaf.encode(view, value, BUCKET_HEADER_BYTES, 0, 1);
  return value;
}
