import { assert } from "../../base/assert.ts";
import type { WorkMeter } from "../../base/work_meter.ts";
import type { Requester } from "../../core/auth/requester.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import { NO_MEMBER, type RaftNode } from "../../core/raft/raft_node.ts";
import { encodeRaftRequest, readRaftRequestCounter } from "../../pb/raft_request.ts";
import { ConfChange } from "../../pb/raftpb.ts";
import type { ServerCounts } from "../counts/server_counts.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { OperationField } from "../operations/field.ts";
import type { Operation, Waiter } from "../operations/operation.ts";
import type { CommitLoop } from "../raft/commit_loop.ts";
import type { ServerConfig } from "../server_config.ts";
import { MemberChanges } from "./member_changes.ts";
import { PendingProposals } from "./pending_proposals.ts";
import { RequestIdGenerator } from "./request_id.ts";

/** What proposing needs from the server around it. */
interface ProposerParts {
  readonly config: ServerConfig;
  readonly memberId: bigint;
  readonly lifecycle: Lifecycle;
  readonly raft: RaftNode;
  readonly loop: CommitLoop;
  readonly counts: ServerCounts;
}

/** Puts requests into the log, and finds them again when they come back from it. */
export class Proposer {
  readonly #config: ServerConfig;
  readonly #lifecycle: Lifecycle;
  readonly #raft: RaftNode;
  readonly #loop: CommitLoop;
  readonly #counts: ServerCounts;
  readonly #requestIds: RequestIdGenerator;
  readonly #pending = new PendingProposals();
  readonly #memberChanges: MemberChanges;

  constructor({ config, memberId, lifecycle, raft, loop, counts }: ProposerParts) {
    this.#config = config;
    this.#lifecycle = lifecycle;
    this.#raft = raft;
    this.#loop = loop;
    this.#counts = counts;
    this.#requestIds = new RequestIdGenerator(memberId, config.clock.wallMs());
    this.#memberChanges = new MemberChanges(
      config.clock,
      (change) => this.#submitMemberChange(change),
    );
  }

  /** Proposals that have not come back from the log. */
  get pendingCount(): number {
    return this.#pending.count;
  }

  /** An ID by which this member finds a proposal again. */
  newRequestId(): bigint {
    return this.#requestIds.full(this.#requestIds.next());
  }

  /**
   * Frames bytes[start, end), an encoded request, as a log entry's data. The request is copied: it
   * is the last `end - start` bytes of the frame, and stays valid there. Throws an EtcdError when
   * the request is too large.
   */
  frame(
    field: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    requester?: Requester,
  ): Uint8Array {
    const { maxRequestBytes } = this.#config;
    if (end - start > maxRequestBytes) throw ETCD_ERRORS.requestTooLarge;
    const id = this.#requestIds.next();
    const { memberBits } = this.#requestIds;
    const fields = requester?.headerFields;
    const frame = encodeRaftRequest(field, bytes, start, end, memberBits, id, fields);
    // As in etcd the bound is on the whole log entry.
    if (frame.length > maxRequestBytes) throw ETCD_ERRORS.requestTooLarge;
    return frame;
  }

  /**
   * Puts a framed operation into the log. Throws an EtcdError when it is refused at once;
   * everything later reaches its waiter. `source` hears for how long it is in the log.
   */
  propose(operation: Operation, frame: Uint8Array, source?: WorkMeter): void {
    this.#checkProposable();
    this.#pending.checkRoom(this.#hasPriority(operation));
    const id = readRaftRequestCounter(frame, this.#requestIds.memberBits);
    assert(id !== undefined, "a proposal is framed by the server that takes it");
    this.#raft.propose(frame);
    this.#loop.wake();
    this.#pending.add(id, operation, frame.length, this.#loop.wokenMs, source);
  }

  /** Leases must end in time, all the more when there is too much to do. */
  #hasPriority({ field }: Operation): boolean {
    return this.#config.hasPriorityRequests && field === OperationField.LEASE_REVOKE;
  }

  /** Frames and proposes an encoded request that was not sent by a client. */
  proposeEncoded(operation: Operation, bytes: Uint8Array, source?: WorkMeter): void {
    const { field, requester } = operation;
    this.propose(operation, this.frame(field, bytes, 0, bytes.length, requester), source);
  }

  /** Proposes what no client asked for; its waiter learns of a refusal too. */
  proposeOwn(operation: Operation, bytes: Uint8Array): void {
    try {
      this.proposeEncoded(operation, bytes);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      operation.fail(error);
    }
  }

  /** Changes the membership through the log. Its ID is given to the change here. */
  changeMembers(change: Partial<ConfChange>, waiter: Waiter<void>): void {
    this.#memberChanges.propose(ConfChange.create({ ...change, id: this.newRequestId() }), waiter);
  }

  #submitMemberChange(change: ConfChange): void {
    this.#checkProposable();
    this.#raft.proposeConfChange(change);
    this.#loop.wake();
  }

  #checkProposable(): void {
    if (!this.#lifecycle.isRunning) throw ETCD_ERRORS.stopped;
    if (this.#raft.leader === NO_MEMBER) throw ETCD_ERRORS.noLeader;
  }

  /** What an entry's data is of, if this member proposed it and somebody waits for it. */
  take(data: Uint8Array): Operation | undefined {
    const id = readRaftRequestCounter(data, this.#requestIds.memberBits);
    return id === undefined ? undefined : this.#pending.take(id);
  }

  /** When that which was taken last had been proposed. */
  get takenSinceMs(): number {
    return this.#pending.takenSinceMs;
  }

  /** A change of the membership came back from the log, not necessarily one of this member. */
  memberChangeApplied(id: bigint, refusal: EtcdError | undefined): void {
    this.#memberChanges.applied(id, refusal);
  }

  /** Puts the next change of the membership into the log, now that Raft knows what is applied. */
  submitNextMemberChange(): void {
    this.#memberChanges.submitNext();
  }

  /** Gives up on what has waited since before `sinceMs`. */
  expire(sinceMs: number, nowMs: number): void {
    for (const { operation, sinceMs: proposedMs } of this.#pending.expire(sinceMs)) {
      this.#counts.failedProposals++;
      this.#counts.operations.gaveUp(operation.field, nowMs - proposedMs);
    }
    this.#memberChanges.expire(sinceMs);
  }

  /** Gives up on everything. */
  failAll(error: EtcdError): void {
    this.#pending.failAll(error);
    this.#memberChanges.failAll(error);
  }
}
