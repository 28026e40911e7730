import type { RaftNode, RaftRole } from "../../core/raft/raft_node.ts";

/** How far a member of the group is, as its leader knows. */
interface RaftProgress {
  readonly id: bigint;
  /** The last entry that it has for sure. */
  readonly matchIndex: number;
}

/** What Raft knows of itself, for people who want to see it. */
export interface RaftStatus {
  readonly id: bigint;
  readonly role: RaftRole;
  readonly term: number;
  readonly vote: bigint;
  readonly leader: bigint;
  readonly committedIndex: number;
  readonly appliedIndex: number;
  /** Empty unless this member leads. */
  readonly progress: readonly RaftProgress[];
}

/** The status at this moment. */
export function raftStatusOf(raft: RaftNode): RaftStatus {
  const { id, role, term, vote, leader, committedIndex, appliedIndex } = raft;
  // The one voter has what it has committed, and there is nobody else yet.
  const progress = role === "leader" ? [{ id, matchIndex: committedIndex }] : [];
  return { id, role, term, vote, leader, committedIndex, appliedIndex, progress };
}
