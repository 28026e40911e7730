import assert from "node:assert/strict";
import { RevisionCompactor } from "./revision_compactor.ts";

Deno.test("RevisionCompactor looks every five minutes", () => {
  assert.equal(new RevisionCompactor(1).lookIntervalMs, 300_000);
});

Deno.test("RevisionCompactor keeps its number of revisions", () => {
  const compactor = new RevisionCompactor(100);
  assert.equal(compactor.look(0, 99, true), undefined);
  assert.equal(compactor.look(0, 100, true), undefined);
  assert.equal(compactor.look(0, 101, true), 1);
  assert.equal(compactor.look(0, 350, true), 250);
  assert.equal(compactor.look(0, 350, false), undefined);
});

Deno.test("RevisionCompactor repeats what failed, and not what is done", () => {
  const compactor = new RevisionCompactor(100);
  assert.deepEqual([compactor.look(0, 350, true), compactor.look(0, 350, true)], [250, 250]);
  compactor.compacted(250);
  assert.equal(compactor.look(0, 350, true), undefined);
  assert.equal(compactor.look(0, 351, true), 251);
});
