import assert from "node:assert/strict";
import { silentLogger } from "../../base/log.ts";
import { encodeMember, type Member } from "../../core/members/member.ts";
import { Membership } from "../../core/members/membership.ts";
import { DiskError } from "../../disk/disk_error.ts";
import type { WalContents } from "../../disk/wal_replay.ts";
import { ConfChange, ConfChangeType, Entry, EntryType, HardState } from "../../pb/raftpb.ts";
import { forceNewCluster, type Survivor } from "./force_new_cluster.ts";

const SELF = 2n;

function memberOf(id: bigint, isLearner = false): Member {
  return { id, peerUrls: [`http://m${id}:1`], isLearner, name: "", clientUrls: [] };
}

function survivorWith(members: readonly Member[], appliedIndex: number): Survivor {
  const membership = new Membership(1n);
  membership.restore(members, [], undefined);
  return { memberId: SELF, peerUrls: ["http://self:1"], membership, appliedIndex, dataDir: "/d" };
}

function logOf(commit: number, entries: readonly Entry[]): WalContents {
  return {
    metadata: new Uint8Array(0),
    hardState: HardState.create({ term: 5, vote: 1n, commit }),
    entries: [...entries],
  };
}

const plain = (index: number) => Entry.create({ type: EntryType.EntryNormal, term: 5, index });

function addition(index: number, member: Member): Entry {
  const context = encodeMember(member);
  const type = ConfChangeType.ConfChangeAddNode;
  const data = ConfChange.encode(ConfChange.create({ type, nodeId: member.id, context }));
  return Entry.create({ type: EntryType.EntryConfChange, term: 5, index, data });
}

/** What the added entries say, in few words. */
function changesOf(entries: readonly Entry[]): string[] {
  return entries.map(({ index, term, data }) => {
    const { type, nodeId } = ConfChange.decode(data ?? new Uint8Array(0));
    const word = type === ConfChangeType.ConfChangeRemoveNode ? "remove" : "add";
    return `${index}/${term} ${word} ${nodeId}`;
  });
}

Deno.test("forceNewCluster() removes all others behind what was committed", () => {
  const survivor = survivorWith([memberOf(1n), memberOf(SELF), memberOf(3n)], 4);
  const contents = logOf(6, [4, 5, 6, 7, 8].map(plain));
  const { hardState, entries, added } = forceNewCluster(contents, survivor, silentLogger);
  assert.deepEqual(changesOf(added), ["7/5 remove 1", "8/5 remove 3"]);
  assert.deepEqual(entries.map(({ index }) => index), [4, 5, 6, 7, 8]);
  assert.deepEqual(entries.slice(-2), added);
  assert.deepEqual(hardState, { ...contents.hardState, commit: 8 });
});

Deno.test("forceNewCluster() knows members of which the file does not know yet", () => {
  const survivor = survivorWith([memberOf(SELF)], 4);
  const contents = logOf(5, [addition(5, memberOf(9n)), addition(6, memberOf(10n))]);
  // The second one was never committed.
  const { added } = forceNewCluster(contents, survivor, silentLogger);
  assert.deepEqual(changesOf(added), ["6/5 remove 9"]);
});

Deno.test("forceNewCluster() trusts what was applied more than a commit index that is older", () => {
  const survivor = survivorWith([memberOf(1n), memberOf(SELF)], 6);
  const { added } = forceNewCluster(logOf(3, [5, 6, 7].map(plain)), survivor, silentLogger);
  assert.deepEqual(changesOf(added), ["7/5 remove 1"]);
});

Deno.test("forceNewCluster() takes a member back that its cluster had removed", () => {
  const survivor = survivorWith([memberOf(1n)], 2);
  const { added } = forceNewCluster(logOf(2, [plain(2)]), survivor, silentLogger);
  assert.deepEqual(changesOf(added), ["3/5 remove 1", "4/5 add 2"]);
});

Deno.test("forceNewCluster() leaves a member alone that is alone", () => {
  const survivor = survivorWith([memberOf(SELF)], 2);
  const { added, hardState } = forceNewCluster(logOf(2, [plain(2)]), survivor, silentLogger);
  assert.deepEqual(added, []);
  assert.equal(hardState.commit, 2);
});

Deno.test("forceNewCluster() refuses a learner", () => {
  const survivor = survivorWith([memberOf(1n), memberOf(SELF, true)], 2);
  assert.throws(() => forceNewCluster(logOf(2, []), survivor, silentLogger), (error) => {
    assert(error instanceof DiskError);
    assert.match(error.message, /is a learner/);
    return true;
  });
});
