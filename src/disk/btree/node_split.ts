import { BranchItem, DirtyBranch, type DirtyNode } from "./dirty_node.ts";
import { PAGE_HEADER_BYTES } from "./page.ts";

/** With fewer children a branch would split into two that divide nothing, and the tree grow for ever. */
const MIN_SPLIT_CHILDREN = 4;

/**
 * Splits a node that does not fit into a page until all parts do, as far as that is possible: a pair
 * larger than a page gets pages that overflow. A part that was added at the end (at `changedIndex`)
 * becomes the new node alone, so that ascending keys leave full pages behind. Returns the top of the
 * tree, which is new if the old one was split.
 */
export function splitIfLarge(
  top: DirtyNode,
  node: DirtyNode,
  changedIndex: number,
  pageBytes: number,
): DirtyNode {
  if (node.sizeBytes <= pageBytes) return top;
  const cut = cutOf(node, changedIndex);
  if (cut === 0) return top;
  const right = node.splitOff(cut);
  let newTop = insertRight(top, node, right, pageBytes);
  newTop = splitIfLarge(newTop, node, -1, pageBytes);
  return splitIfLarge(newTop, right, -1, pageBytes);
}

/** Makes `right` the neighbour of `node`. */
function insertRight(
  top: DirtyNode,
  node: DirtyNode,
  right: DirtyNode,
  pageBytes: number,
): DirtyNode {
  const item = new BranchItem(right.items[0], 0, right);
  const { parent } = node;
  if (parent === undefined) return new DirtyBranch([new BranchItem(node.items[0], 0, node), item]);
  const index = parent.indexOfChild(node) + 1;
  parent.insert(index, item);
  return splitIfLarge(top, parent, index, pageBytes);
}

/** Where to cut; 0 if the node must stay as it is. */
function cutOf(node: DirtyNode, changedIndex: number): number {
  const { items } = node;
  const minPart = node.isLeaf ? 1 : MIN_SPLIT_CHILDREN / 2;
  if (items.length < 2 * minPart) return 0;
  const last = items.length - minPart;
  if (changedIndex === items.length - 1) return last;
  let left = PAGE_HEADER_BYTES + items[0].sizeBytes;
  let index = 1;
  while (index < last && (index < minPart || left + items[index].sizeBytes <= node.sizeBytes / 2)) {
    left += items[index].sizeBytes;
    index++;
  }
  return index;
}
