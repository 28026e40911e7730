import { EtcdError } from "../../core/errors.ts";
import { decodeMember } from "../../core/members/member.ts";
import type { Membership } from "../../core/members/membership.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import { ConfChange, ConfChangeType, type Entry } from "../../pb/raftpb.ts";

/** What became of an entry that changes the membership. */
interface AppliedConfChange {
  /** What Raft is to do: a refused change is one of nobody, so that Raft takes the next one. */
  readonly change: ConfChange;
  /** Undefined if it was made. */
  readonly refusal: EtcdError | undefined;
}

/** Applies an entry that changes the membership. */
export function applyConfChange(membership: Membership, entry: Entry): AppliedConfChange {
  const change = ConfChange.decode(entry.data ?? new Uint8Array(0));
  try {
    changeMembership(membership, change);
    return { change, refusal: undefined };
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    change.nodeId = NO_MEMBER;
    return { change, refusal: error };
  }
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
