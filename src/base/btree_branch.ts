import { commonPrefixLength, Leaf } from "./btree_leaf.ts";

/** Wider branches cost more moves for each split below them, narrower ones more levels. */
export const BRANCH_CAPACITY = 64;

export class Branch {
  /** `keys[i]` is at most the first key below `children[i + 1]` and above all before it. */
  keys: string[] = [];
  children: Node[] = [];
  /** How many handles lie below each child, and how many of them count. */
  sizes: number[] = [];
  counted: number[] = [];
}

export type Node = Leaf | Branch;

/** The keys that belong below a node: from `low` up to but not including `high`, if those are set. */
export interface Bounds {
  readonly low: string | undefined;
  readonly high: string | undefined;
}

export const NO_BOUNDS: Bounds = { low: undefined, high: undefined };

/** The bounds of a child of a branch that has the given bounds. */
export function boundsOfChild(branch: Branch, index: number, bounds: Bounds): Bounds {
  const low = index === 0 ? bounds.low : branch.keys[index - 1];
  const high = index === branch.keys.length ? bounds.high : branch.keys[index];
  return { low, high };
}

/** How many leading bytes all keys within the bounds share. */
export function prefixWithin({ low, high }: Bounds): number {
  return low === undefined || high === undefined ? 0 : commonPrefixLength(low, high);
}

/** The child below which `key` lies or would lie. */
export function childIndex(branch: Branch, key: string): number {
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

export function insertChild(parent: Branch, index: number, key: string, child: Node): void {
  parent.keys.splice(index - 1, 0, key);
  parent.children.splice(index, 0, child);
  parent.sizes.splice(index, 0, sizeOf(child));
  parent.counted.splice(index, 0, countedSizeOf(child));
}

export function removeChild(parent: Branch, index: number): void {
  parent.keys.splice(index - 1, 1);
  parent.children.splice(index, 1);
  parent.sizes.splice(index, 1);
  parent.counted.splice(index, 1);
}

export function refreshCounts(branch: Branch, index: number): void {
  branch.sizes[index] = sizeOf(branch.children[index]);
  branch.counted[index] = countedSizeOf(branch.children[index]);
}

export function widthOf(node: Node): number {
  return node instanceof Leaf ? node.size : node.children.length;
}

export function sizeOf(node: Node): number {
  return node instanceof Leaf ? node.size : sum(node.sizes);
}

export function countedSizeOf(node: Node): number {
  return node instanceof Leaf ? node.counted : sum(node.counted);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Puts branches above nodes, level by level. The first keys are those that part the nodes. */
export function rootAbove(nodes: readonly Node[], firstKeys: readonly string[]): Node {
  if (nodes.length === 1) return nodes[0];
  const branches: Branch[] = [];
  const branchKeys: string[] = [];
  for (const [from, to] of evenParts(nodes.length, BRANCH_CAPACITY)) {
    const branch = new Branch();
    branch.keys = firstKeys.slice(from + 1, to);
    branch.children = nodes.slice(from, to);
    branch.sizes = branch.children.map(sizeOf);
    branch.counted = branch.children.map(countedSizeOf);
    branches.push(branch);
    branchKeys.push(firstKeys[from]);
  }
  return rootAbove(branches, branchKeys);
}

/** Parts `count` things into as few parts as possible, which are about equal: from where to where. */
export function* evenParts(count: number, maximum: number): Generator<readonly [number, number]> {
  const parts = Math.ceil(count / maximum);
  for (let i = 0; i < parts; i++) {
    yield [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)];
  }
}
