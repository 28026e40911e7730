import { assert } from "./assert.ts";
import {
  type Bounds,
  boundsOfChild,
  BRANCH_CAPACITY,
  countedSizeOf,
  NO_BOUNDS,
  type Node,
  prefixWithin,
  sizeOf,
  widthOf,
} from "./btree_branch.ts";
import { type HandleKeys, headOfKey, Leaf, LEAF_CAPACITY } from "./btree_leaf.ts";

/** Verifies every rule that the nodes of a tree live by. */
export function checkNodes(keys: HandleKeys, root: Node): void {
  const leaves: Leaf[] = [];
  checkBelow(keys, root, NO_BOUNDS, leaves);
  leaves.forEach((leaf, i) => {
    assert(leaf.previous === leaves[i - 1], "leaves know the one before");
    assert(leaf.next === leaves[i + 1], "leaves know the next");
  });
}

/** Returns the height of the subtree. */
function checkBelow(keys: HandleKeys, node: Node, bounds: Bounds, leaves: Leaf[]): number {
  if (node instanceof Leaf) {
    checkLeaf(keys, node, bounds);
    leaves.push(node);
    return 1;
  }
  assert(widthOf(node) <= BRANCH_CAPACITY, "no branch is too wide");
  assert(node.keys.length === node.children.length - 1, "keys part children");
  const heights = new Set<number>();
  node.children.forEach((child, i) => {
    assert(widthOf(child) > 0, "no node but the root is empty");
    heights.add(checkBelow(keys, child, boundsOfChild(node, i, bounds), leaves));
    assert(node.sizes[i] === sizeOf(child), "a branch knows its children's sizes");
    assert(node.counted[i] === countedSizeOf(child), "a branch knows its children's counts");
  });
  assert(heights.size === 1, "all leaves are equally deep");
  for (const height of heights) return height + 1;
  return 0;
}

function checkLeaf(keys: HandleKeys, leaf: Leaf, { low, high }: Bounds): void {
  assert(leaf.size <= LEAF_CAPACITY, "no leaf is too wide");
  assert(leaf.prefixLength <= prefixWithin({ low, high }), "bounds share the prefix");
  let before: string | undefined;
  let counted = 0;
  for (let i = 0; i < leaf.size; i++) {
    const key = keys.keyOf(leaf.handle(i));
    assert(before === undefined || before < key, "keys ascend");
    assert(low === undefined || low <= key, "keys are not below their leaf's bound");
    assert(high === undefined || key < high, "keys are below their leaf's upper bound");
    assert(leaf.head(i) === headOfKey(key, leaf.prefixLength), "heads are of the keys");
    if (leaf.signedHandle(i) > 0) counted++;
    before = key;
  }
  assert(leaf.counted === counted, "a leaf knows its count");
}
