import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { BranchItem, DirtyBranch, DirtyLeaf, LeafItem } from "./dirty_node.ts";
import { Page } from "./page.ts";

function newLeaf(...keys: string[]): DirtyLeaf {
  return new DirtyLeaf(keys.map((key) => {
    return new LeafItem(bytesFromLatin1(`${key}value`), 0, key.length, 5, 0);
  }));
}

function newBranch(...leaves: DirtyLeaf[]): DirtyBranch {
  return new DirtyBranch(leaves.map((leaf) => new BranchItem(leaf.items[0], 0, leaf)));
}

function keysOf(node: DirtyLeaf): string[] {
  return node.items.map((item) => String.fromCharCode(...item.key));
}

/** The size that the node says, and the size that it takes. */
function sizes(node: DirtyLeaf | DirtyBranch): [number, number] {
  const bytes = new Uint8Array(4096);
  return [node.sizeBytes, node.encode(new DataView(bytes.buffer), bytes, 0, 7, 1)];
}

Deno.test("DirtyLeaf knows its size whatever is done to it", () => {
  const leaf = newLeaf("b", "dd", "fff");
  const [item] = newLeaf("eeeeee").items;
  leaf.insert(2, item);
  assert.deepEqual(keysOf(leaf), ["b", "dd", "eeeeee", "fff"]);
  assert.equal(...sizes(leaf));
  leaf.replace(0, newLeaf("bbbb").items[0]);
  leaf.remove(1);
  assert.equal(...sizes(leaf));
  const right = leaf.splitOff(1);
  assert.deepEqual([keysOf(leaf), keysOf(right)], [["bbbb"], ["eeeeee", "fff"]]);
  assert.equal(...sizes(leaf));
  assert.equal(...sizes(right));
  leaf.append(right);
  assert.deepEqual(keysOf(leaf), ["bbbb", "eeeeee", "fff"]);
  assert.equal(...sizes(leaf));
});

Deno.test("DirtyBranch knows its size, and its children know it, whatever is done to it", () => {
  const leaves = ["b", "d", "ff", "h"].map((key) => newLeaf(key));
  const branch = newBranch(...leaves);
  branch.setKey(1, newLeaf("ccccc").items[0]);
  assert.equal(...sizes(branch));
  const right = branch.splitOff(1);
  assert.deepEqual(leaves.map((leaf) => leaf.parent), [branch, right, right, right]);
  const added = newLeaf("e");
  right.insert(1, new BranchItem(added.items[0], 0, added));
  assert.equal(added.parent, right);
  right.remove(3);
  assert.equal(...sizes(right));
  branch.append(right);
  assert.deepEqual(leaves.slice(0, 3).map((leaf) => leaf.parent), [branch, branch, branch]);
  assert.equal(added.parent, branch);
  assert.deepEqual(branch.items.map((item) => item.child), [
    leaves[0],
    leaves[1],
    added,
    leaves[2],
  ]);
  assert.equal(...sizes(branch));
  assert.equal(branch.indexOfChild(added), 2);
});

Deno.test("DirtyLeaf.encode() and fromPage() undo each other", () => {
  const leaf = newLeaf("a", "bb", "c".repeat(100));
  const bytes = new Uint8Array(1024);
  leaf.encode(new DataView(bytes.buffer), bytes, 0, 7, 1);
  const page = new Page(7, bytes);
  assert.deepEqual([page.count, page.span, page.usedBytes()], [3, 1, leaf.sizeBytes]);
  const again = DirtyLeaf.fromPage(page);
  assert.deepEqual(keysOf(again), keysOf(leaf));
  assert.deepEqual(again.items.map((item) => item.value), leaf.items.map((item) => item.value));
});

Deno.test("DirtyLeaf.covers() says yes only when the key can be in no other leaf", () => {
  const leaf = newLeaf("d", "m");
  const covers = (key: string, isLast: boolean): boolean =>
    leaf.covers(bytesFromLatin1(key), isLast);
  assert.deepEqual(["c", "d", "g", "m", "n"].map((key) => covers(key, false)), [
    false,
    true,
    true,
    true,
    false,
  ]);
  assert.deepEqual([covers("c", true), covers("n", true)], [false, true]);
  assert.equal(newLeaf().covers(bytesFromLatin1("a"), true), false);
});
