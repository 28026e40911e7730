import { assert } from "./assert.ts";
import {
  type Bounds,
  Branch,
  BRANCH_CAPACITY,
  childIndex,
  countedSizeOf,
  evenParts,
  insertChild,
  type Node,
  prefixWithin,
  refreshCounts,
  removeChild,
  rootAbove,
  sizeOf,
  widthOf,
} from "./btree_branch.ts";
import { checkNodes } from "./btree_check.ts";
import {
  type HandleKeys,
  Leaf,
  LEAF_CAPACITY,
  LeafPool,
  linkAfter,
  takeCounted,
} from "./btree_leaf.ts";

export type { HandleKeys } from "./btree_leaf.ts";

/** A node that falls below this joins its neighbour or takes from it. */
const NODE_MINIMUM = LEAF_CAPACITY / 4;

/**
 * A B+tree of handles in the order of their keys. Each handle is either counted or not; how many
 * counted handles lie before a key, and which is the n-th of them, costs O(log n). To a reader it
 * is two sorted arrays: that of all handles and that of the counted ones.
 */
export class CountedBtree {
  readonly #keys: HandleKeys;
  readonly #leaves = new LeafPool();
  #root: Node = this.#leaves.take();
  #size = 0;
  #countedSize = 0;
  /** The key that parts the two halves of the node split last. */
  #splitKey = "";

  constructor(keys: HandleKeys) {
    this.#keys = keys;
  }

  /** How many handles there are. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are counted. */
  get countedSize(): number {
    return this.#countedSize;
  }

  /** The handle of exactly this key, or 0. */
  find(key: string): number {
    let node = this.#root;
    while (node instanceof Branch) node = node.children[childIndex(node, key)];
    const index = node.lowerBound(this.#keys, key);
    if (index === node.size) return 0;
    const handle = node.handle(index);
    return this.#keys.compareKey(handle, key) === 0 ? handle : 0;
  }

  /** How many handles sort before `key`. */
  rank(key: string): number {
    let rank = 0;
    let node = this.#root;
    while (node instanceof Branch) {
      const index = childIndex(node, key);
      for (let i = 0; i < index; i++) rank += node.sizes[i];
      node = node.children[index];
    }
    return rank + node.lowerBound(this.#keys, key);
  }

  /** How many counted handles sort before `key`. */
  countedRank(key: string): number {
    let rank = 0;
    let node = this.#root;
    while (node instanceof Branch) {
      const index = childIndex(node, key);
      for (let i = 0; i < index; i++) rank += node.counted[i];
      node = node.children[index];
    }
    const end = node.lowerBound(this.#keys, key);
    for (let i = 0; i < end; i++) if (node.signedHandle(i) > 0) rank++;
    return rank;
  }

  /** The handles from place `from` up to but not including `to`. */
  slice(from: number, to: number): number[] {
    const taken: number[] = [];
    let wanted = Math.min(to, this.#size) - from;
    if (wanted <= 0) return taken;
    let rest = from;
    let node = this.#root;
    while (node instanceof Branch) {
      let index = 0;
      while (rest >= node.sizes[index]) rest -= node.sizes[index++];
      node = node.children[index];
    }
    for (let leaf: Leaf | undefined = node; leaf !== undefined && wanted > 0; leaf = leaf.next) {
      const end = Math.min(leaf.size, rest + wanted);
      for (let i = rest; i < end; i++) taken.push(leaf.handle(i));
      wanted -= end - rest;
      rest = 0;
    }
    return taken;
  }

  /** The counted handles from the `from`-th up to but not including the `to`-th. */
  countedSlice(from: number, to: number): number[] {
    const taken: number[] = [];
    const end = Math.min(to, this.#countedSize);
    let at = from;
    while (at < end) {
      let rest = at;
      let node = this.#root;
      while (node instanceof Branch) {
        let index = 0;
        while (rest >= node.counted[index]) rest -= node.counted[index++];
        node = node.children[index];
      }
      at += takeCounted(node, rest, end - at, taken);
    }
    return taken;
  }

  /** Adds a handle, counted, whose key is not there yet. */
  insert(key: string, handle: number): void {
    assert(handle > 0, "handles are positive");
    const sibling = this.#insertBelow(this.#root, key, handle, undefined, undefined);
    this.#size++;
    this.#countedSize++;
    if (sibling === undefined) return;
    const root = new Branch();
    root.keys.push(this.#splitKey);
    root.children.push(this.#root, sibling);
    root.sizes.push(sizeOf(this.#root), sizeOf(sibling));
    root.counted.push(countedSizeOf(this.#root), countedSizeOf(sibling));
    this.#root = root;
  }

  /**
   * Fills the tree, which is empty, with handles that are in the order of their keys; that costs
   * a fraction of inserting them. It yields after every leaf, so that it can be done in slices.
   */
  *build(handles: Int32Array, isCounted: (handle: number) => boolean): Generator<void, void> {
    assert(this.#size === 0, "an empty tree is built");
    const leaves: Leaf[] = [];
    const firstKeys: string[] = [];
    let low: string | undefined;
    for (const [from, to] of evenParts(handles.length, LEAF_CAPACITY)) {
      const high = to < handles.length ? this.#keys.keyOf(handles[to]) : undefined;
      const leaf = this.#leaves.take();
      leaf.prefixLength = prefixWithin({ low, high });
      for (let i = from; i < to; i++) {
        leaf.append(this.#keys, handles[i], isCounted(handles[i]));
      }
      const before = leaves.at(-1);
      if (before !== undefined) linkAfter(before, leaf);
      leaves.push(leaf);
      firstKeys.push(low ?? "");
      low = high;
      yield;
    }
    if (leaves.length > 0) this.#root = rootAbove(leaves, firstKeys);
    this.#size = sizeOf(this.#root);
    this.#countedSize = countedSizeOf(this.#root);
  }

  /** Takes a key that is there out and returns its handle. */
  remove(key: string): number {
    const removed = this.#removeBelow(this.#root, key);
    this.#size--;
    if (removed > 0) this.#countedSize--;
    if (this.#root instanceof Branch && this.#root.children.length === 1) {
      this.#root = this.#root.children[0];
    }
    return Math.abs(removed);
  }

  /** Makes the handle of a key that is there count, or stop counting; it must not yet. */
  setCounted(key: string, counted: boolean): void {
    const change = counted ? 1 : -1;
    let node = this.#root;
    while (node instanceof Branch) {
      const index = childIndex(node, key);
      node.counted[index] += change;
      node = node.children[index];
    }
    const index = this.#indexOf(node, key);
    assert(node.signedHandle(index) > 0 !== counted, "counting changes");
    node.toggle(index);
    this.#countedSize += change;
  }

  /** No handle with `from <= key < to` counts any longer; `to` undefined is the end. */
  uncountRange(from: string, to: string | undefined): void {
    this.#countedSize -= this.#uncountBelow(this.#root, from, to);
  }

  /** Verifies every rule that the tree lives by. */
  check(): void {
    checkNodes(this.#keys, this.#root);
    assert(sizeOf(this.#root) === this.#size, "the size is that of the root");
    assert(countedSizeOf(this.#root) === this.#countedSize, "the count is that of the root");
  }

  /** The place of a key that is in the leaf. */
  #indexOf(leaf: Leaf, key: string): number {
    const index = leaf.lowerBound(this.#keys, key);
    const found = index < leaf.size && this.#keys.compareKey(leaf.handle(index), key) === 0;
    assert(found, "the key is in the tree");
    return index;
  }

  /**
   * Returns the new right neighbour of `node` if it had to be split. The keys that belong below
   * the node are those from `low` up to `high`.
   */
  #insertBelow(
    node: Node,
    key: string,
    handle: number,
    low: string | undefined,
    high: string | undefined,
  ): Node | undefined {
    if (node instanceof Leaf) return this.#insertIntoLeaf(node, key, handle, low, high);
    const index = childIndex(node, key);
    const childLow = index === 0 ? low : node.keys[index - 1];
    const childHigh = index === node.keys.length ? high : node.keys[index];
    const sibling = this.#insertBelow(node.children[index], key, handle, childLow, childHigh);
    if (sibling === undefined) {
      node.sizes[index]++;
      node.counted[index]++;
      return undefined;
    }
    insertChild(node, index + 1, this.#splitKey, sibling);
    refreshCounts(node, index);
    return node.children.length > BRANCH_CAPACITY ? this.#splitBranch(node) : undefined;
  }

  #insertIntoLeaf(
    leaf: Leaf,
    key: string,
    handle: number,
    low: string | undefined,
    high: string | undefined,
  ): Leaf | undefined {
    const index = leaf.lowerBound(this.#keys, key);
    if (leaf.size < LEAF_CAPACITY) {
      leaf.insert(index, key, handle);
      return undefined;
    }
    // Keys that come in order leave full leaves behind instead of half empty ones.
    const appends = index === leaf.size && leaf.next === undefined;
    const right = this.#splitLeaf(leaf, appends ? index : leaf.size >> 1, key, { low, high });
    const target = key < this.#splitKey ? leaf : right;
    target.insert(target === leaf ? index : index - leaf.size, key, handle);
    return right;
  }

  /** Moves what is from `at` on to a new leaf; if that is nothing, the new one begins with `key`. */
  #splitLeaf(leaf: Leaf, at: number, key: string, bounds: Bounds): Leaf {
    this.#splitKey = at < leaf.size ? this.#keys.keyOf(leaf.handle(at)) : key;
    const right = this.#leaves.take();
    right.prefixLength = leaf.prefixLength;
    leaf.moveTail(at, right);
    linkAfter(leaf, right);
    this.#refreshHeads(leaf, { low: bounds.low, high: this.#splitKey });
    this.#refreshHeads(right, { low: this.#splitKey, high: bounds.high });
    return right;
  }

  /** Closer bounds allow a longer prefix. */
  #refreshHeads(leaf: Leaf, bounds: Bounds): void {
    if (leaf.hasDullHeads()) leaf.takeHeads(this.#keys, prefixWithin(bounds));
  }

  #splitBranch(branch: Branch): Branch {
    const half = branch.children.length >> 1;
    const right = new Branch();
    right.children = branch.children.splice(half);
    right.sizes = branch.sizes.splice(half);
    right.counted = branch.counted.splice(half);
    right.keys = branch.keys.splice(half);
    const middle = branch.keys.pop();
    assert(middle !== undefined, "a branch has one key less than children");
    this.#splitKey = middle;
    return right;
  }

  /** Returns the handle as it stood in its leaf: negative if it was not counted. */
  #removeBelow(node: Node, key: string): number {
    if (node instanceof Leaf) return node.remove(this.#indexOf(node, key));
    const index = childIndex(node, key);
    const child = node.children[index];
    const removed = this.#removeBelow(child, key);
    node.sizes[index]--;
    if (removed > 0) node.counted[index]--;
    if (widthOf(child) < NODE_MINIMUM && node.children.length > 1) {
      this.#rebalance(node, index === 0 ? 0 : index - 1);
    }
    return removed;
  }

  /** Makes one node of the children at `index` and behind, or two of about the same width. */
  #rebalance(parent: Branch, index: number): void {
    const left = parent.children[index];
    const right = parent.children[index + 1];
    if (left instanceof Leaf && right instanceof Leaf) {
      this.#rebalanceLeaves(parent, index, left, right);
    } else {
      assert(left instanceof Branch && right instanceof Branch, "siblings are alike");
      this.#rebalanceBranches(parent, index, left, right);
    }
    refreshCounts(parent, index);
  }

  #rebalanceLeaves(parent: Branch, index: number, left: Leaf, right: Leaf): void {
    // What both share up to the key between them, all keys of both share.
    const prefixLength = Math.min(left.prefixLength, right.prefixLength);
    left.takeHeads(this.#keys, prefixLength);
    right.takeHeads(this.#keys, prefixLength);
    if (left.size + right.size <= LEAF_CAPACITY) {
      right.moveTail(0, left);
      left.next = right.next;
      if (left.next !== undefined) left.next.previous = left;
      removeChild(parent, index + 1);
      this.#leaves.giveBack(right);
      return;
    }
    this.#levelLeaves(left, right);
    this.#splitKey = this.#keys.keyOf(right.handle(0));
    parent.keys[index] = this.#splitKey;
    refreshCounts(parent, index + 1);
  }

  /** Makes two neighbours equal. */
  #levelLeaves(left: Leaf, right: Leaf): void {
    const half = (left.size + right.size) >> 1;
    const spare = this.#leaves.take();
    spare.prefixLength = left.prefixLength;
    if (left.size > half) {
      left.moveTail(half, spare);
      right.moveTail(0, spare);
    } else {
      right.moveTail(half - left.size, spare);
      right.moveTail(0, left);
    }
    spare.moveTail(0, right);
    this.#leaves.giveBack(spare);
  }

  #rebalanceBranches(parent: Branch, index: number, left: Branch, right: Branch): void {
    left.keys.push(parent.keys[index], ...right.keys);
    left.children.push(...right.children);
    left.sizes.push(...right.sizes);
    left.counted.push(...right.counted);
    removeChild(parent, index + 1);
    if (left.children.length <= BRANCH_CAPACITY) return;
    const half = this.#splitBranch(left);
    insertChild(parent, index + 1, this.#splitKey, half);
  }

  /** Returns how many handles stopped counting. */
  #uncountBelow(node: Node, from: string | undefined, to: string | undefined): number {
    if (node instanceof Leaf) return this.#uncountInLeaf(node, from, to);
    const first = from === undefined ? 0 : childIndex(node, from);
    const last = to === undefined ? node.children.length - 1 : childIndex(node, to);
    let uncounted = 0;
    for (let i = first; i <= last; i++) {
      if (node.counted[i] === 0) continue;
      const below = this.#uncountBelow(
        node.children[i],
        i === first ? from : undefined,
        i === last ? to : undefined,
      );
      node.counted[i] -= below;
      uncounted += below;
    }
    return uncounted;
  }

  #uncountInLeaf(leaf: Leaf, from: string | undefined, to: string | undefined): number {
    const before = leaf.counted;
    const start = from === undefined ? 0 : leaf.lowerBound(this.#keys, from);
    const end = to === undefined ? leaf.size : leaf.lowerBound(this.#keys, to);
    for (let i = start; i < end; i++) if (leaf.signedHandle(i) > 0) leaf.toggle(i);
    return before - leaf.counted;
  }
}
