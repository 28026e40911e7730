import { EtcdError } from "../core/errors.ts";
import { decodeMember } from "../core/members/member.ts";
import type { Membership } from "../core/members/membership.ts";
import { NO_MEMBER } from "../core/raft/raft_node.ts";
import { ConfChange, ConfChangeType, type Entry } from "../pb/raftpb.ts";

/**
 * Applies an entry that changes the membership. Returns the change that Raft is to make: a refused
 * one is a change of nobody, so that Raft takes the next one.
 */
export function applyConfChange(membership: Membership, entry: Entry): ConfChange {
  const change = ConfChange.decode(entry.data ?? new Uint8Array(0));
  try {
    changeMembership(membership, change);
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    change.nodeId = NO_MEMBER;
  }
  return change;
}

function changeMembership(membership: Membership, change: ConfChange): void {
  if (change.type === ConfChangeType.ConfChangeRemoveNode) {
    membership.remove(change.nodeId);
    return;
  }
  const member = decodeMember(change.context ?? new Uint8Array(0));
  if (change.type === ConfChangeType.ConfChangeAddNode) membership.add(member);
  else if (change.type === ConfChangeType.ConfChangeUpdateNode) {
    membership.updatePeerUrls(change.nodeId, member.peerUrls);
  }
}
