import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import {
  ConfChange,
  ConfChangeType,
  ConfState,
  Entry,
  EntryType,
  HardState,
  Message,
  MessageType,
} from "../../pb/raftpb.ts";
import { RAFT_LIMITS } from "./limits.ts";
import { ProposalDropped, RaftNode, UnsupportedMembership } from "./raft_node.ts";
import type { RaftStart } from "./ready.ts";

const ID = 7n;
const TEXT = new TextEncoder().encode("command");

/** The log that a new member bootstraps: one committed membership change. */
function bootstrapped(fields: Partial<RaftStart> = {}): RaftStart {
  const change = ConfChange.create({ type: ConfChangeType.ConfChangeAddNode, nodeId: ID });
  const entry = Entry.create({
    type: EntryType.EntryConfChange,
    term: 1,
    index: 1,
    data: ConfChange.encode(change),
  });
  return {
    hardState: HardState.create({ term: 1, commit: 1 }),
    snapshotIndex: 0,
    snapshotTerm: 0,
    appliedIndex: 0,
    confState: ConfState.create(),
    entries: [entry],
    ...fields,
  };
}

function newNode(start = bootstrapped()): RaftNode {
  return new RaftNode({ id: ID, electionTicks: 10, prng: new Prng(1), start });
}

/** Applies what is committed, the way a server does. */
function applyCommitted(node: RaftNode): readonly Entry[] {
  const { committedEntries } = node.ready();
  for (const entry of committedEntries) {
    if (entry.type === EntryType.EntryConfChange) {
      node.applyConfChange(ConfChange.decode(entry.data ?? new Uint8Array(0)));
    }
    node.applied(entry.index);
  }
  return committedEntries;
}

function leadingNode(): RaftNode {
  const node = newNode();
  applyCommitted(node);
  node.campaign();
  node.persisted(node.ready().entries[0].index);
  applyCommitted(node);
  return node;
}

Deno.test("RaftNode does not stand for election before its membership is applied", () => {
  const node = newNode();
  node.campaign();
  assert.equal(node.role, "follower");
  applyCommitted(node);
  node.campaign();
  assert.equal(node.role, "leader");
  assert.equal(node.term, 2);
  assert.equal(node.leader, ID);
});

Deno.test("RaftNode stands for election by itself after its randomised timeout", () => {
  const node = newNode();
  applyCommitted(node);
  let ticks = 0;
  while (node.role !== "leader") {
    node.tick();
    ticks++;
  }
  assert.ok(ticks >= 10 && ticks < 20, `${ticks} ticks`);
});

Deno.test("RaftNode hands out term, vote and the new term's empty entry in one Ready", () => {
  const node = newNode();
  applyCommitted(node);
  node.campaign();
  const ready = node.ready();
  assert.deepEqual(ready.hardState, { term: 2, vote: ID, commit: 1 });
  assert.deepEqual(
    ready.entries.map(({ index, term, data }) => ({ index, term, data })),
    [{ index: 2, term: 2, data: undefined }],
  );
  assert.equal(ready.mustSync, true);
  assert.equal(node.committedIndex, 1, "nothing commits before it is durable");
});

Deno.test("RaftNode commits a proposal when it is durable and not before", () => {
  const node = leadingNode();
  const index = node.propose(TEXT);
  const ready = node.ready();
  assert.equal(ready.entries.length, 1);
  assert.equal(ready.committedEntries.length, 0);
  assert.equal(node.hasReady(), false);
  node.persisted(index);
  assert.equal(node.committedIndex, index);
  const committed = applyCommitted(node);
  assert.deepEqual(committed.map((entry) => entry.data), [TEXT]);
  assert.equal(node.appliedIndex, index);
});

Deno.test("RaftNode needs no sync when only the commit index moved", () => {
  const node = leadingNode();
  const index = node.propose(TEXT);
  node.ready();
  node.persisted(index);
  const ready = node.ready();
  assert.deepEqual(ready.hardState, { term: 2, vote: ID, commit: index });
  assert.equal(ready.mustSync, false);
});

Deno.test("RaftNode takes proposals while an earlier batch is being synced", () => {
  const node = leadingNode();
  const first = node.propose(TEXT);
  assert.equal(node.ready().entries.length, 1);
  const second = node.propose(TEXT);
  const later = node.ready();
  assert.deepEqual(later.entries.map((entry) => entry.index), [second]);
  node.persisted(first);
  assert.equal(node.committedIndex, first);
});

Deno.test("RaftNode refuses proposals and reads without a leader", () => {
  const node = newNode();
  assert.throws(() => node.propose(TEXT), ProposalDropped);
  assert.throws(() => node.readIndex(1), ProposalDropped);
});

Deno.test("RaftNode holds a read back until it has committed in its own term", () => {
  const node = newNode();
  applyCommitted(node);
  node.campaign();
  node.readIndex(5);
  const ready = node.ready();
  assert.deepEqual(ready.readStates, []);
  assert.equal(node.readableNow, false);
  node.persisted(2);
  assert.deepEqual(node.ready().readStates, [{ index: 2, context: 5 }]);
  node.applied(2);
  assert.equal(node.readableNow, true);
});

Deno.test("RaftNode lets reads go while what is committed in its term waits to be applied", () => {
  const node = leadingNode();
  assert.equal(node.readableNow, true);
  const index = node.propose(TEXT);
  node.ready();
  node.persisted(index);
  assert.ok(node.committedIndex > node.appliedIndex);
  assert.equal(node.readableNow, true);
});

Deno.test("RaftNode hands entries out in bounded batches, which a large one ends", () => {
  const node = leadingNode();
  const half = new Uint8Array(RAFT_LIMITS.readyBytes / 2);
  for (const data of [half, half, half, new Uint8Array(2 * RAFT_LIMITS.readyBytes), half]) {
    node.propose(data);
  }
  const batches: number[] = [];
  while (node.hasReady()) {
    const { entries } = node.ready();
    if (entries.length > 0) batches.push(entries.length);
  }
  assert.deepEqual(batches, [2, 2, 1]);
});

Deno.test("RaftNode restarts in its old term and commits what the log's tail holds", () => {
  const tail = Entry.create({ term: 3, index: 2, data: TEXT });
  const start = bootstrapped();
  const node = newNode({
    ...start,
    hardState: HardState.create({ term: 3, vote: ID, commit: 1 }),
    entries: [...start.entries, tail],
  });
  assert.deepEqual(applyCommitted(node).map((entry) => entry.index), [1]);
  node.campaign();
  assert.equal(node.term, 4);
  node.persisted(node.ready().entries[0].index);
  assert.deepEqual(applyCommitted(node).map((entry) => entry.index), [2, 3]);
});

Deno.test("RaftNode puts an empty entry in place of a second unapplied membership change", () => {
  const node = leadingNode();
  const change = ConfChange.create({ type: ConfChangeType.ConfChangeUpdateNode, nodeId: ID });
  node.proposeConfChange(change);
  node.proposeConfChange(change);
  const types = node.ready().entries.map((entry) => entry.type);
  assert.deepEqual(types, [EntryType.EntryConfChange, EntryType.EntryNormal]);
});

Deno.test("RaftNode refuses memberships that it cannot run", () => {
  const node = leadingNode();
  const add = ConfChange.create({ type: ConfChangeType.ConfChangeAddNode, nodeId: 9n });
  assert.throws(() => node.applyConfChange(add), UnsupportedMembership);
  const foreign = Message.create({ type: MessageType.MsgApp, from: 9n });
  assert.throws(() => node.step(foreign), UnsupportedMembership);
});

Deno.test("RaftNode steps down when it is removed", () => {
  const node = leadingNode();
  const remove = ConfChange.create({ type: ConfChangeType.ConfChangeRemoveNode, nodeId: ID });
  assert.deepEqual(node.applyConfChange(remove).voters, []);
  assert.equal(node.role, "follower");
  assert.throws(() => node.propose(TEXT), ProposalDropped);
});

Deno.test("RaftNode drops applied entries from memory and keeps the rest", () => {
  const node = leadingNode();
  for (let i = 0; i < 5; i++) node.propose(TEXT);
  node.persisted(node.ready().entries.at(-1)?.index ?? 0);
  applyCommitted(node);
  node.truncateLogTo(5);
  assert.equal(node.firstIndex, 6);
  assert.equal(node.termOf(5), 2);
  assert.equal(node.termOf(4), undefined);
  assert.equal(node.lastIndex, 7);
});

/** A restart whose state has the entries up to `appliedIndex`, of a log of normal entries 6 to 10. */
function restartedAt(appliedIndex: number, commit: number): RaftNode {
  return newNode({
    hardState: HardState.create({ term: 3, vote: ID, commit }),
    snapshotIndex: 5,
    snapshotTerm: 2,
    appliedIndex,
    confState: ConfState.create({ voters: [ID] }),
    entries: [6, 7, 8, 9, 10].map((index) => Entry.create({ term: 3, index, data: TEXT })),
  });
}

Deno.test("RaftNode applies no entry again that the state has", () => {
  const node = restartedAt(8, 9);
  assert.equal(node.appliedIndex, 8);
  assert.equal(node.termOf(8), 3);
  assert.deepEqual(applyCommitted(node).map(({ index }) => index), [9]);
  node.campaign();
  node.persisted(node.ready().entries[0].index);
  assert.deepEqual(applyCommitted(node).map(({ index }) => index), [10, 11]);
});

Deno.test("RaftNode takes for committed what the state has, whatever the hard state says", () => {
  const node = restartedAt(9, 6);
  assert.equal(node.committedIndex, 9);
  assert.equal(node.hasReady(), false, "nothing is to be written or applied");
  node.campaign();
  assert.equal(node.role, "leader");
  const ready = node.ready();
  assert.deepEqual(ready.committedEntries, []);
  assert.equal(ready.hardState?.commit, 9);
  node.persisted(ready.entries[0].index);
  assert.deepEqual(applyCommitted(node).map(({ index }) => index), [10, 11]);
});

Deno.test("RaftNode starts where the state has the whole log", () => {
  const node = restartedAt(10, 10);
  assert.deepEqual(applyCommitted(node), []);
  node.campaign();
  assert.equal(node.role, "leader", "it knows its membership without applying anything");
  node.persisted(node.ready().entries[0].index);
  assert.deepEqual(applyCommitted(node).map(({ index }) => index), [11]);
});

Deno.test("RaftNode starts from a snapshot alone", () => {
  const node = newNode({
    hardState: HardState.create({ term: 2, commit: 5 }),
    snapshotIndex: 5,
    snapshotTerm: 2,
    appliedIndex: 5,
    confState: ConfState.create({ voters: [ID] }),
    entries: [],
  });
  assert.equal(node.appliedIndex, 5);
  assert.equal(node.termOf(5), 2);
  assert.equal(node.firstIndex, 6);
  assert.deepEqual(node.confState().voters, [ID]);
  node.campaign();
  const [entry] = node.ready().entries;
  assert.deepEqual([entry.index, entry.term], [6, 3]);
});

Deno.test("RaftNode refuses a state that is ahead of the log", () => {
  assert.throws(() => restartedAt(11, 10), /a commit index never lies behind the log's end/);
});

Deno.test("RaftNode drops entries that it started with, up to the applied index", () => {
  const node = restartedAt(8, 8);
  node.truncateLogTo(8);
  assert.equal(node.firstIndex, 9);
  assert.equal(node.termOf(8), 3);
  assert.throws(() => node.truncateLogTo(9), /only applied entries are dropped/);
});
