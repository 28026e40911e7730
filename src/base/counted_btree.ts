import { assert } from "./assert.ts";

/** Where the tree's keys are: it holds only positive numbers (handles) that stand for them. */
export interface HandleKeys {
  /** Negative, zero or positive, as the key of `handle` sorts before, with or behind `key`. */
  compareKey(handle: number, key: string): number;
  keyOf(handle: number): string;
}

/** Wider nodes cost more moves for each insertion, narrower ones more levels. */
const NODE_CAPACITY = 64;
/** A node that falls below this joins its neighbour or takes from it. */
const NODE_MINIMUM = NODE_CAPACITY / 4;

class Leaf {
  /** In key order; negative where the handle is not counted. */
  handles: number[] = [];
  counted = 0;
  next: Leaf | undefined;
  previous: Leaf | undefined;
}

class Branch {
  /** `keys[i]` is at most the first key below `children[i + 1]` and above all before it. */
  keys: string[] = [];
  children: Node[] = [];
  /** How many handles lie below each child, and how many of them count. */
  sizes: number[] = [];
  counted: number[] = [];
}

type Node = Leaf | Branch;

/**
 * A B+tree of handles in the order of their keys. Each handle is either counted or not; how many
 * counted handles lie before a key, and which is the n-th of them, costs O(log n). To a reader it
 * is two sorted arrays: that of all handles and that of the counted ones.
 */
export class CountedBtree {
  readonly #keys: HandleKeys;
  #root: Node = new Leaf();
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
    const leaf = this.#leafOf(key);
    const index = this.#lowerBound(leaf, key);
    if (index === leaf.handles.length) return 0;
    const handle = Math.abs(leaf.handles[index]);
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
    return rank + this.#lowerBound(node, key);
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
    const end = this.#lowerBound(node, key);
    for (let i = 0; i < end; i++) if (node.handles[i] > 0) rank++;
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
      const { handles } = leaf;
      for (let i = rest; i < handles.length && wanted > 0; i++, wanted--) {
        taken.push(Math.abs(handles[i]));
      }
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
      at = takeCounted(node, rest, end - at, taken) + at;
    }
    return taken;
  }

  /** Adds a handle, counted, whose key is not there yet. */
  insert(key: string, handle: number): void {
    assert(handle > 0, "handles are positive");
    const sibling = this.#insertBelow(this.#root, key, handle);
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
    const index = this.#lowerBound(node, key);
    assert(index < node.handles.length, "the key is in the tree");
    const handle = node.handles[index];
    assert(this.#keys.compareKey(Math.abs(handle), key) === 0, "the key is in the tree");
    assert(handle > 0 !== counted, "counting changes");
    node.handles[index] = -handle;
    node.counted += change;
    this.#countedSize += change;
  }

  /** No handle with `from <= key < to` counts any longer; `to` undefined is the end. */
  uncountRange(from: string, to: string | undefined): void {
    this.#countedSize -= this.#uncountBelow(this.#root, from, to);
  }

  /** Verifies every rule that the tree lives by. */
  check(): void {
    const leaves: Leaf[] = [];
    this.#checkBelow(this.#root, undefined, undefined, leaves);
    assert(sizeOf(this.#root) === this.#size, "the size is that of the root");
    assert(countedSizeOf(this.#root) === this.#countedSize, "the count is that of the root");
    leaves.forEach((leaf, i) => {
      assert(leaf.previous === leaves[i - 1], "leaves know the one before");
      assert(leaf.next === leaves[i + 1], "leaves know the next");
    });
  }

  #leafOf(key: string): Leaf {
    let node = this.#root;
    while (node instanceof Branch) node = node.children[childIndex(node, key)];
    return node;
  }

  /** The place of the first handle whose key is not before `key`. */
  #lowerBound(leaf: Leaf, key: string): number {
    const { handles } = leaf;
    let low = 0;
    let high = handles.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys.compareKey(Math.abs(handles[middle]), key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Returns the new right neighbour of `node` if it had to be split. */
  #insertBelow(node: Node, key: string, handle: number): Node | undefined {
    if (node instanceof Leaf) return this.#insertIntoLeaf(node, key, handle);
    const index = childIndex(node, key);
    const sibling = this.#insertBelow(node.children[index], key, handle);
    if (sibling === undefined) {
      node.sizes[index]++;
      node.counted[index]++;
      return undefined;
    }
    node.keys.splice(index, 0, this.#splitKey);
    node.children.splice(index + 1, 0, sibling);
    node.sizes.splice(index + 1, 0, sizeOf(sibling));
    node.counted.splice(index + 1, 0, countedSizeOf(sibling));
    refreshCounts(node, index);
    return node.children.length > NODE_CAPACITY ? this.#splitBranch(node) : undefined;
  }

  #insertIntoLeaf(leaf: Leaf, key: string, handle: number): Leaf | undefined {
    const index = this.#lowerBound(leaf, key);
    if (index === leaf.handles.length && leaf.next === undefined && index >= NODE_CAPACITY) {
      return this.#appendLeaf(leaf, key, handle);
    }
    insertAt(leaf.handles, index, handle);
    leaf.counted++;
    return leaf.handles.length > NODE_CAPACITY ? this.#splitLeaf(leaf) : undefined;
  }

  /** Keys that come in order leave full leaves behind instead of half empty ones. */
  #appendLeaf(leaf: Leaf, key: string, handle: number): Leaf {
    const right = new Leaf();
    right.handles.push(handle);
    right.counted = 1;
    linkAfter(leaf, right);
    this.#splitKey = key;
    return right;
  }

  #splitLeaf(leaf: Leaf): Leaf {
    const right = new Leaf();
    right.handles = leaf.handles.splice(leaf.handles.length >> 1);
    right.counted = countPositive(right.handles);
    leaf.counted -= right.counted;
    linkAfter(leaf, right);
    this.#splitKey = this.#keys.keyOf(Math.abs(right.handles[0]));
    return right;
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
    if (node instanceof Leaf) return this.#removeFromLeaf(node, key);
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

  #removeFromLeaf(leaf: Leaf, key: string): number {
    const index = this.#lowerBound(leaf, key);
    assert(index < leaf.handles.length, "the key is in the tree");
    const handle = leaf.handles[index];
    assert(this.#keys.compareKey(Math.abs(handle), key) === 0, "the key is in the tree");
    leaf.handles.splice(index, 1);
    if (handle > 0) leaf.counted--;
    return handle;
  }

  /** Makes one node of the children at `index` and behind, or two of about the same width. */
  #rebalance(parent: Branch, index: number): void {
    const left = parent.children[index];
    const right = parent.children[index + 1];
    if (left instanceof Leaf && right instanceof Leaf) {
      left.handles.push(...right.handles);
      left.counted += right.counted;
      left.next = right.next;
      if (left.next !== undefined) left.next.previous = left;
    } else {
      assert(left instanceof Branch && right instanceof Branch, "siblings are alike");
      left.keys.push(parent.keys[index], ...right.keys);
      left.children.push(...right.children);
      left.sizes.push(...right.sizes);
      left.counted.push(...right.counted);
    }
    removeChild(parent, index + 1);
    if (widthOf(left) > NODE_CAPACITY) {
      const half = left instanceof Leaf ? this.#splitLeaf(left) : this.#splitBranch(left);
      insertChild(parent, index + 1, this.#splitKey, half);
    }
    refreshCounts(parent, index);
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
    const { handles } = leaf;
    const start = from === undefined ? 0 : this.#lowerBound(leaf, from);
    const end = to === undefined ? handles.length : this.#lowerBound(leaf, to);
    let uncounted = 0;
    for (let i = start; i < end; i++) {
      if (handles[i] < 0) continue;
      handles[i] = -handles[i];
      uncounted++;
    }
    leaf.counted -= uncounted;
    return uncounted;
  }

  /** Returns the height of the subtree. */
  #checkBelow(
    node: Node,
    low: string | undefined,
    high: string | undefined,
    leaves: Leaf[],
  ): number {
    if (node !== this.#root) assert(widthOf(node) > 0, "no node is empty");
    assert(widthOf(node) <= NODE_CAPACITY, "no node is too wide");
    if (node instanceof Leaf) {
      this.#checkLeaf(node, low, high);
      leaves.push(node);
      return 1;
    }
    assert(node.keys.length === node.children.length - 1, "keys part children");
    const heights = new Set<number>();
    node.children.forEach((child, i) => {
      const from = i === 0 ? low : node.keys[i - 1];
      const to = i === node.keys.length ? high : node.keys[i];
      heights.add(this.#checkBelow(child, from, to, leaves));
      assert(node.sizes[i] === sizeOf(child), "a branch knows its children's sizes");
      assert(node.counted[i] === countedSizeOf(child), "a branch knows its children's counts");
    });
    assert(heights.size === 1, "all leaves are equally deep");
    for (const height of heights) return height + 1;
    return 0;
  }

  #checkLeaf(leaf: Leaf, low: string | undefined, high: string | undefined): void {
    assert(leaf.counted === countPositive(leaf.handles), "a leaf knows its count");
    const keys = leaf.handles.map((handle) => this.#keys.keyOf(Math.abs(handle)));
    keys.forEach((key, i) => {
      assert(i === 0 || keys[i - 1] < key, "keys ascend");
      assert(low === undefined || low <= key, "keys are not below their leaf's bound");
      assert(high === undefined || key < high, "keys are below their leaf's upper bound");
    });
  }
}

/** The child below which `key` lies or would lie. */
function childIndex(branch: Branch, key: string): number {
  const { keys } = branch;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Takes up to `wanted` counted handles from `leaf` and its neighbours, without the first `skip`,
 * and returns how many it took. It stops at a leaf that counts nothing: behind it may lie a
 * thousand more, which the way from the root avoids.
 */
function takeCounted(leaf: Leaf, skip: number, wanted: number, taken: number[]): number {
  const before = taken.length;
  let rest = skip;
  for (
    let at: Leaf | undefined = leaf;
    at !== undefined && at.counted > 0 && taken.length - before < wanted;
    at = at.next
  ) {
    for (const handle of at.handles) {
      if (handle < 0 || rest-- > 0) continue;
      taken.push(handle);
      if (taken.length - before === wanted) break;
    }
    rest = 0;
  }
  return taken.length - before;
}

/** Array.prototype.splice makes an array of what it removes, which costs more than this loop. */
function insertAt(numbers: number[], index: number, inserted: number): void {
  numbers.push(inserted);
  for (let i = numbers.length - 1; i > index; i--) numbers[i] = numbers[i - 1];
  numbers[index] = inserted;
}

function linkAfter(leaf: Leaf, right: Leaf): void {
  right.next = leaf.next;
  right.previous = leaf;
  if (leaf.next !== undefined) leaf.next.previous = right;
  leaf.next = right;
}

function insertChild(parent: Branch, index: number, key: string, child: Node): void {
  parent.keys.splice(index - 1, 0, key);
  parent.children.splice(index, 0, child);
  parent.sizes.splice(index, 0, sizeOf(child));
  parent.counted.splice(index, 0, countedSizeOf(child));
}

function removeChild(parent: Branch, index: number): void {
  parent.keys.splice(index - 1, 1);
  parent.children.splice(index, 1);
  parent.sizes.splice(index, 1);
  parent.counted.splice(index, 1);
}

function refreshCounts(branch: Branch, index: number): void {
  branch.sizes[index] = sizeOf(branch.children[index]);
  branch.counted[index] = countedSizeOf(branch.children[index]);
}

function widthOf(node: Node): number {
  return node instanceof Leaf ? node.handles.length : node.children.length;
}

function sizeOf(node: Node): number {
  return node instanceof Leaf ? node.handles.length : sum(node.sizes);
}

function countedSizeOf(node: Node): number {
  return node instanceof Leaf ? node.counted : sum(node.counted);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function countPositive(handles: readonly number[]): number {
  let count = 0;
  for (const handle of handles) if (handle > 0) count++;
  return count;
}
