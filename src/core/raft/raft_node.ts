import { assert } from "../../base/assert.ts";
import type { Prng } from "../../base/prng.ts";
import {
  ConfChange,
  ConfChangeType,
  ConfState,
  Entry,
  EntryType,
  HardState,
  type Message,
  MessageType,
} from "../../pb/raftpb.ts";
import { RaftLog } from "./raft_log.ts";
import type { RaftStart, ReadState, Ready } from "./ready.ts";

/** The role a member plays in its term. */
export type RaftRole = "follower" | "candidate" | "leader";

/** A proposal or a read that cannot be taken now because no leader is known. */
export class ProposalDropped extends Error {
  override name = "ProposalDropped";
}

/** A membership that this version cannot run: more than one voter, or a learner. */
export class UnsupportedMembership extends Error {
  override name = "UnsupportedMembership";
}

/** What a node needs to know; all times are counted in ticks. */
interface RaftConfig {
  readonly id: bigint;
  readonly electionTicks: number;
  readonly prng: Prng;
  readonly start: RaftStart;
}

/** The id that stands for "nobody" in votes and leaders. */
export const NO_MEMBER = 0n;

/**
 * Raft as a pure state machine: messages, ticks and proposals go in, a Ready comes out. It never
 * does I/O and knows no clock. Today it runs a group of one voter: the interface is final, and
 * replication and elections among several voters will live behind it.
 */
export class RaftNode {
  readonly id: bigint;
  readonly #electionTicks: number;
  readonly #prng: Prng;
  readonly #log: RaftLog;
  #role: RaftRole = "follower";
  #term: number;
  #vote: bigint;
  #leader = NO_MEMBER;
  #voters: bigint[];
  #elapsedTicks = 0;
  #electionTimeoutTicks: number;
  #pendingConfChangeIndex = 0;
  /** The entry that this member began its term with, when it leads. */
  #termBeganIndex = 0;
  /** Reads asked for before the leader had committed an entry of its own term. */
  #earlyReads: number[] = [];
  #readStates: ReadState[] = [];
  /** The hard state last handed out. */
  #offeredTerm: number;
  #offeredVote: bigint;
  #offeredCommit: number;

  constructor(config: RaftConfig) {
    assert(config.id !== NO_MEMBER, "a member's id is not zero");
    const { hardState, snapshotIndex, snapshotTerm, appliedIndex, confState, entries } =
      config.start;
    this.id = config.id;
    this.#electionTicks = config.electionTicks;
    this.#prng = config.prng;
    this.#log = new RaftLog(snapshotIndex, snapshotTerm);
    this.#log.restore(entries);
    // The commit index is not synced: it may be older than what was applied because of it.
    this.#log.commitTo(Math.max(hardState.commit, appliedIndex));
    this.#log.startApplied(appliedIndex);
    this.#term = hardState.term;
    this.#vote = hardState.vote;
    this.#offeredTerm = hardState.term;
    this.#offeredVote = hardState.vote;
    this.#offeredCommit = this.#log.committedIndex;
    this.#voters = [...confState.voters];
    this.#electionTimeoutTicks = this.#randomElectionTimeout();
    this.#checkMembership(confState);
  }

  get role(): RaftRole {
    return this.#role;
  }

  get leads(): boolean {
    return this.#role === "leader";
  }

  get term(): number {
    return this.#term;
  }

  /** Whom this member voted for in the current term, else 0n. */
  get vote(): bigint {
    return this.#vote;
  }

  /** The leader of the current term as far as known, else 0n. */
  get leader(): bigint {
    return this.#leader;
  }

  get lastIndex(): number {
    return this.#log.lastIndex;
  }

  get committedIndex(): number {
    return this.#log.committedIndex;
  }

  get appliedIndex(): number {
    return this.#log.appliedIndex;
  }

  get firstIndex(): number {
    return this.#log.firstIndex;
  }

  /** The term of an entry that is still in memory, else undefined. */
  termOf(index: number): number | undefined {
    return this.#log.termOf(index);
  }

  /** The members as Raft counts them, in the form that WAL snapshot records carry. */
  confState(): ConfState {
    return ConfState.create({ voters: [...this.#voters] });
  }

  /**
   * Whether a linearizable read may answer from the applied state at once: this member alone is
   * the quorum, leads, and has applied all that came before its term. What it has committed since
   * need not be applied, for nobody can know of it: this member acknowledges what it has applied,
   * and there is no other.
   */
  get readableNow(): boolean {
    return this.leads && this.#log.appliedIndex >= this.#termBeganIndex;
  }

  /** Lets one tick pass. */
  tick(): void {
    if (this.leads) return;
    this.#elapsedTicks++;
    if (this.#elapsedTicks >= this.#electionTimeoutTicks) {
      this.#elapsedTicks = 0;
      this.#electionTimeoutTicks = this.#randomElectionTimeout();
      this.campaign();
    }
  }

  /**
   * Handles a message. Only local ones have a meaning in a group of one; a message of another
   * member is refused, because its sender is not in the group.
   */
  step(message: Message): void {
    if (message.from !== NO_MEMBER && message.from !== this.id) {
      throw new UnsupportedMembership(
        `Cannot handle a Raft message of member ${message.from.toString(16)}: it is not a voter`,
      );
    }
    if (message.type === MessageType.MsgHup) this.campaign();
    else if (message.type === MessageType.MsgProp) {
      for (const entry of message.entries) this.#appendAsLeader(entry.type, entry.data);
    }
  }

  /** Stands for election now. A sole voter wins at once. */
  campaign(): void {
    if (this.leads || !this.#promotable()) return;
    this.#checkMembership(this.confState());
    this.#role = "candidate";
    this.#term++;
    this.#vote = this.id;
    this.#becomeLeader();
  }

  /**
   * Appends a proposal to the log and returns its index. Throws ProposalDropped when this member
   * does not lead and knows no leader.
   */
  propose(data: Uint8Array): number {
    return this.#appendAsLeader(EntryType.EntryNormal, data);
  }

  /**
   * Proposes a change of the membership. While an earlier one is not applied, an empty entry
   * takes its place, so that the members never disagree about who votes.
   */
  proposeConfChange(change: ConfChange): number {
    if (this.#pendingConfChangeIndex > this.#log.appliedIndex) {
      return this.#appendAsLeader(EntryType.EntryNormal, undefined);
    }
    const index = this.#appendAsLeader(EntryType.EntryConfChange, ConfChange.encode(change));
    this.#pendingConfChangeIndex = index;
    return index;
  }

  /** Makes a committed change of the membership count. A node id of 0 changes nothing. */
  applyConfChange(change: ConfChange): ConfState {
    if (change.nodeId !== NO_MEMBER) {
      if (change.type === ConfChangeType.ConfChangeAddNode) this.#addVoter(change.nodeId);
      else if (change.type === ConfChangeType.ConfChangeRemoveNode) {
        this.#voters = this.#voters.filter((id) => id !== change.nodeId);
        if (change.nodeId === this.id) this.#stepDown();
      } else if (change.type === ConfChangeType.ConfChangeAddLearnerNode) {
        throw new UnsupportedMembership("Cannot add a learner: only a single voter is supported");
      }
    }
    return this.confState();
  }

  /** Asks for a read index; the answer comes as a ReadState with the same context. */
  readIndex(context: number): void {
    if (!this.leads) throw new ProposalDropped("no leader to confirm a read");
    if (this.#committedInOwnTerm()) {
      this.#readStates.push({ index: this.#log.committedIndex, context });
    } else {
      this.#earlyReads.push(context);
    }
  }

  /** Whether the next Ready would have something to do. */
  hasReady(): boolean {
    return this.#log.hasUnoffered() || this.#log.hasUndelivered() ||
      this.#readStates.length > 0 || this.#hardStateChanged();
  }

  /** Takes all that is to do now. */
  ready(): Ready {
    const termOrVoteChanged = this.#term !== this.#offeredTerm || this.#vote !== this.#offeredVote;
    const hardState = this.#takeHardState();
    const entries = this.#log.takeUnpersisted();
    return {
      hardState,
      entries,
      mustSync: entries.length > 0 || termOrVoteChanged,
      messages: NO_MESSAGES,
      messagesAfterSync: NO_MESSAGES,
      committedEntries: this.#log.takeCommitted(),
      readStates: this.#takeReadStates(),
    };
  }

  /** Reports that the entries up to `index` are durable; a sole voter's quorum is complete. */
  persisted(index: number): void {
    this.#log.markPersisted(index);
    if (!this.leads || index <= this.#log.committedIndex) return;
    // Only an entry of the own term commits by counting; those before it come along.
    if (this.#log.termOf(index) !== this.#term) return;
    this.#log.commitTo(index);
    for (const context of this.#earlyReads) this.#readStates.push({ index, context });
    this.#earlyReads = [];
  }

  /** Reports that the committed entries up to `index` have been applied. */
  applied(index: number): void {
    this.#log.markApplied(index);
  }

  /** Drops applied entries up to and including `index` from memory. */
  truncateLogTo(index: number): void {
    this.#log.truncateTo(index);
  }

  #becomeLeader(): void {
    this.#role = "leader";
    this.#leader = this.id;
    // Commands of the log's tail may contain a membership change; none is taken before those
    // have been applied.
    this.#pendingConfChangeIndex = this.#log.lastIndex;
    // An empty entry of the new term commits what earlier terms left behind.
    this.#termBeganIndex = this.#appendAsLeader(EntryType.EntryNormal, undefined);
  }

  #stepDown(): void {
    this.#role = "follower";
    this.#leader = NO_MEMBER;
    this.#elapsedTicks = 0;
  }

  #appendAsLeader(type: number, data: Uint8Array | undefined): number {
    if (!this.leads) throw new ProposalDropped("no leader to take a proposal");
    const index = this.#log.lastIndex + 1;
    this.#log.append({ type, term: this.#term, index, data });
    return index;
  }

  #promotable(): boolean {
    return this.#voters.includes(this.id) && !this.#log.someUnapplied(isConfChange);
  }

  #addVoter(id: bigint): void {
    if (this.#voters.includes(id)) return;
    this.#voters.push(id);
    // A log may add members that it removes again; only who leads must know how to.
    if (this.leads) this.#checkMembership(this.confState());
  }

  #checkMembership(confState: ConfState): void {
    const { voters, learners, votersOutgoing, learnersNext } = confState;
    const others = learners.length + votersOutgoing.length + learnersNext.length;
    if (voters.length > 1 || others > 0) {
      throw new UnsupportedMembership(
        `Cannot run a cluster of ${voters.length} voters and ${others} other members: ` +
          "this version supports a single voter",
      );
    }
  }

  #committedInOwnTerm(): boolean {
    return this.#log.termOf(this.#log.committedIndex) === this.#term;
  }

  #randomElectionTimeout(): number {
    return this.#prng.between(this.#electionTicks, 2 * this.#electionTicks - 1);
  }

  #hardStateChanged(): boolean {
    return this.#term !== this.#offeredTerm || this.#vote !== this.#offeredVote ||
      this.#log.committedIndex !== this.#offeredCommit;
  }

  #takeHardState(): HardState | undefined {
    if (!this.#hardStateChanged()) return undefined;
    this.#offeredTerm = this.#term;
    this.#offeredVote = this.#vote;
    this.#offeredCommit = this.#log.committedIndex;
    return { term: this.#term, vote: this.#vote, commit: this.#offeredCommit };
  }

  #takeReadStates(): readonly ReadState[] {
    if (this.#readStates.length === 0) return NO_READ_STATES;
    const states = this.#readStates;
    this.#readStates = [];
    return states;
  }
}

function isConfChange(entry: Entry): boolean {
  return entry.type !== EntryType.EntryNormal;
}

const NO_MESSAGES: readonly Message[] = [];
const NO_READ_STATES: readonly ReadState[] = [];
