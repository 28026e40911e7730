import type { Clock } from "../../../base/clock.ts";
import { encodeMember, type Member } from "../../../core/members/member.ts";
import { Membership } from "../../../core/members/membership.ts";
import { encodeV2Store } from "../../../core/members/v2_store_json.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { writeSnapFile } from "../../../disk/snap_file.ts";
import { createWal } from "../../../disk/wal_opening.ts";
import { Metadata } from "../../../pb/etcdserverpb.ts";
import { ConfChange, ConfChangeType, ConfState, Entry, EntryType } from "../../../pb/raftpb.ts";
import type { RestorePlan } from "./restore_plan.ts";

/** The term in which all members add each other, each in its own log. */
export const FIRST_TERM = 1;

/** etcd's records of snapshots have the configuration from 3.5 on. */
const CONF_STATE_MINOR = 5;

/** The configuration in which all members vote. */
export function confStateOf(members: readonly Member[]): ConfState {
  return ConfState.create({ voters: members.map(({ id }) => id) });
}

/** Writes the snapshot of a cluster that consists of exactly these members. */
export async function writeFirstSnapshot(
  fileSystem: FileSystem,
  snapPath: string,
  members: readonly Member[],
): Promise<void> {
  const membership = new Membership(Membership.clusterIdOf(members));
  for (const member of members) membership.add(member);
  const index = members.length;
  await writeSnapFile(fileSystem, snapPath, {
    data: encodeV2Store(membership, index),
    metadata: { index, term: FIRST_TERM, confState: confStateOf(members) },
  });
}

/** Writes the log in which the members are added, up to the snapshot. */
export async function writeFirstLog(
  fileSystem: FileSystem,
  clock: Clock,
  directory: string,
  plan: RestorePlan,
): Promise<void> {
  const { members, memberId, compatVersion } = plan;
  const clusterId = Membership.clusterIdOf(members);
  const metadata = Metadata.encode(Metadata.create({ nodeId: memberId, clusterId }));
  const index = members.length;
  const wal = createWal({ fileSystem, directory, clock }, metadata, {
    hardState: { term: FIRST_TERM, vote: members[0].id, commit: index },
    entries: members.map(addingEntry),
  });
  try {
    const hasConfState = compatVersion.minor >= CONF_STATE_MINOR;
    const confState = hasConfState ? confStateOf(members) : undefined;
    await wal.saveSnapshot({ index, term: FIRST_TERM, confState });
  } finally {
    await wal.close();
  }
}

function addingEntry(member: Member, position: number): Entry {
  const change = ConfChange.create({
    type: ConfChangeType.ConfChangeAddNode,
    nodeId: member.id,
    context: encodeMember(member),
  });
  return Entry.create({
    type: EntryType.EntryConfChange,
    term: FIRST_TERM,
    index: position + 1,
    data: ConfChange.encode(change),
  });
}
