import type { DirtyNode } from "./dirty_node.ts";
import { PAGE_HEADER_BYTES } from "./page.ts";

/** A branch must have two children: bbolt wants it so, and with one it would divide nothing. */
export const MIN_SPLIT_CHILDREN = 4;

/**
 * Splits a node that does not fit into a page until all parts do, as far as that is possible: what
 * is larger than a page by itself gets a page that overflows. Returns what is now to the right of
 * the node, in order. If the node grew at its end (`changedIndex`), only that end becomes a new
 * node, so that ascending keys leave full pages behind.
 */
export function splitIfLarge(
  node: DirtyNode,
  changedIndex: number,
  pageBytes: number,
): DirtyNode[] {
  if (node.sizeBytes <= pageBytes) return [];
  const cut = cutOf(node, changedIndex);
  if (cut === 0) return [];
  const right = node.splitOff(cut);
  return [...splitIfLarge(node, -1, pageBytes), right, ...splitIfLarge(right, -1, pageBytes)];
}

/** Where to cut; 0 if the node must stay as it is. */
function cutOf(node: DirtyNode, changedIndex: number): number {
  const { items } = node;
  const minPart = node.isLeaf ? 1 : MIN_SPLIT_CHILDREN / 2;
  if (items.length < 2 * minPart) return 0;
  const last = items.length - minPart;
  if (changedIndex === items.length - 1) return last;
  let left = PAGE_HEADER_BYTES;
  let index = 0;
  while (index < last && (index < minPart || left + items[index].sizeBytes <= node.sizeBytes / 2)) {
    left += items[index].sizeBytes;
    index++;
  }
  return index;
}
