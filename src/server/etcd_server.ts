import { assert } from "../base/assert.ts";
import type { Timer } from "../base/clock.ts";
import type { Alarms } from "../core/alarms/alarms.ts";
import type { Requester } from "../core/auth/requester.ts";
import { ETCD_ERRORS, EtcdError } from "../core/errors.ts";
import type { LeaseCheckpoint, Lessor } from "../core/lease/lessor.ts";
import type { Membership } from "../core/members/membership.ts";
import type { Store } from "../core/mvcc/store.ts";
import { WatchHub } from "../core/mvcc/watch_hub.ts";
import type { Quota } from "../core/quota/quota.ts";
import { NO_MEMBER, RaftNode } from "../core/raft/raft_node.ts";
import {
  CompactionRequest,
  LeaseCheckpointRequest,
  LeaseRevokeRequest,
} from "../pb/etcdserverpb.ts";
import { encodeRaftRequest, readRaftRequestCounter } from "../pb/raft_request.ts";
import { ConfChange, type Entry, EntryType } from "../pb/raftpb.ts";
import { type AppliedState, type LeaseCounts, newLeaseCounts } from "./applied_state.ts";
import { Authentication } from "./auth/authentication.ts";
import { openTokens } from "./auth/open_tokens.ts";
import type { TokenProvider } from "./auth/token_provider.ts";
import {
  type AutoCompaction,
  type CompactionProposer,
  startAutoCompaction,
} from "./compaction/auto_compaction.ts";
import { BackgroundWork } from "./background.ts";
import type { Backend } from "./backend/backend.ts";
import { newBackend } from "./backend/new_backend.ts";
import type { RaftSnapshots } from "./backend/raft_snapshots.ts";
import type { AppliedPosition } from "./backend/state_cuts.ts";
import { openMember } from "./bootstrap/open_member.ts";
import type { OpenedMember } from "./bootstrap/opened_member.ts";
import { CommitLoop } from "./raft/commit_loop.ts";
import { CompactionRunner } from "./compaction/compaction_runner.ts";
import { applyConfChange } from "./raft/conf_change.ts";
import type { CompactionDurations } from "./counts/compaction_durations.ts";
import { ServerCounts } from "./counts/server_counts.ts";
import { CorruptionAlarm } from "./corruption/corruption_alarm.ts";
import { CorruptionMonitor } from "./corruption/corruption_monitor.ts";
import { guardedClock } from "./guarded_clock.ts";
import { HashQueue } from "./hash_queue.ts";
import { type CheckpointProposer, LeaseCheckpointer } from "./leases/lease_checkpointer.ts";
import { LeaseExpirer, type LeaseRevoker } from "./leases/lease_expirer.ts";
import { LateReads } from "./reads/late_reads.ts";
import { LateTicks } from "./raft/late_ticks.ts";
import { SERVER_LIMITS } from "./limits.ts";
import { MemberChanges } from "./proposals/member_changes.ts";
import { decodeOperation } from "./operations/decode.ts";
import { OperationField } from "./operations/field.ts";
import { CompactionOperation } from "./operations/kv.ts";
import { LeaseCheckpointOperation, LeaseRevokeOperation } from "./operations/lease.ts";
import type { Operation, Waiter } from "./operations/operation.ts";
import { SkippedWrites } from "./operations/skipped_writes.ts";
import { OpenStreams } from "./open_streams.ts";
import { PendingProposals } from "./proposals/pending_proposals.ts";
import { publishSelf } from "./versions/publisher.ts";
import { type RaftStatus, raftStatusOf } from "./raft/raft_status.ts";
import { ReadGate, type WaitingRead } from "./reads/read_gate.ts";
import { RequestIdGenerator } from "./proposals/request_id.ts";
import { requestTimeoutMs, type ServerConfig } from "./server_config.ts";
import { type AlarmProposer, SpaceAlarm } from "./space_alarm.ts";
import { newQuota } from "./server_quota.ts";
import { ServingState } from "./serving_state.ts";
import { VersionMonitor } from "./versions/version_monitor.ts";

/**
 * One member: it proposes what clients ask, drives Raft with the disk, applies what is committed
 * and tells those who wait.
 */
export class EtcdServer
  implements LeaseRevoker, CheckpointProposer, CompactionProposer, AlarmProposer {
  readonly config: ServerConfig;
  readonly memberId: bigint;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly membership: Membership;
  readonly hub: WatchHub;
  readonly alarms: Alarms;
  readonly backend: Backend;
  readonly quota: Quota;
  readonly hashes: HashQueue;
  readonly auth: Authentication;
  readonly counts: ServerCounts;
  /** Streams that end when the server stops. */
  readonly streams = new OpenStreams();
  /** Whether the health service calls the member serving. */
  readonly serving = new ServingState();
  readonly #member: OpenedMember;
  readonly #raft: RaftNode;
  readonly #loop: CommitLoop;
  readonly #state: AppliedState;
  readonly #compactions: CompactionRunner;
  readonly #proposals = new PendingProposals();
  readonly #reads = new ReadGate();
  readonly #memberChanges: MemberChanges;
  readonly #lateReads: LateReads;
  readonly #lateTicks: LateTicks;
  readonly #requestIds: RequestIdGenerator;
  readonly #corruption: CorruptionMonitor;
  readonly #leaseExpirer: LeaseExpirer;
  readonly #leaseCheckpointer: LeaseCheckpointer;
  readonly #versionMonitor: VersionMonitor;
  readonly #watchDelivery: BackgroundWork;
  readonly #spaceAlarm: SpaceAlarm;
  readonly #snapshots: RaftSnapshots | undefined;
  #autoCompaction: AutoCompaction | undefined;
  readonly #ready = Promise.withResolvers<void>();
  readonly #stopping = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #tickTimer: Timer | undefined;
  #lifecycle: "new" | "running" | "stopping" | "stopped" = "new";
  #failure: unknown;
  #isReady = false;
  #leadershipSeen = false;
  #failedProposalCount = 0;
  #leaderChangeCount = 0;
  #slowApplyCount = 0;

  private constructor(given: ServerConfig, member: OpenedMember, tokens: TokenProvider) {
    const clock = guardedClock(given.clock, (error) => this.fail(error));
    const config = { ...given, clock };
    this.config = config;
    this.counts = new ServerCounts(clock);
    this.#member = member;
    this.#lateReads = new LateReads(config.logger);
    this.#lateTicks = new LateTicks(config.tickMs, config.logger);
    this.memberId = member.memberId;
    this.membership = member.state.membership;
    this.lessor = member.state.lessor;
    this.store = member.state.store;
    this.alarms = member.state.alarms;
    this.auth = new Authentication(config, member.state.auth, tokens);
    this.hub = new WatchHub(this.store, {
      maxResponseBytes: config.maxRequestBytes + 512 * 1024,
      progressNotifyIntervalMs: config.watchProgressNotifyIntervalMs,
      prng: config.prng,
    });
    this.hashes = new HashQueue(this.store, config.clock, (error) => this.fail(error));
    const { backend, snapshots } = newBackend(config, member, {
      position: () => this.#appliedPosition(),
      failed: (error) => this.fail(error),
    });
    this.backend = backend;
    this.#snapshots = snapshots;
    this.quota = newQuota(config, this.backend);
    this.#compactions = new CompactionRunner({
      config: config.compaction,
      clock,
      backend: this.backend,
      failed: (error) => this.fail(error),
    });
    this.#spaceAlarm = new SpaceAlarm(this.alarms, this, config.logger);
    this.#state = {
      store: this.store,
      lessor: this.lessor,
      membership: this.membership,
      alarms: this.alarms,
      auth: this.auth.store,
      tokens,
      quota: this.quota,
      spaceAlarm: this.#spaceAlarm,
      compactions: this.#compactions,
      hub: this.hub,
      skippedWrites: new SkippedWrites(config.logger),
      clock: config.clock,
      counts: newLeaseCounts(),
      versionLowered: () => snapshots?.force(),
      entryIndex: 0,
    };
    this.#requestIds = new RequestIdGenerator(member.memberId, config.clock.wallMs());
    this.#raft = new RaftNode({
      id: member.memberId,
      electionTicks: config.electionTicks,
      prng: config.prng,
      start: member.raftStart,
    });
    this.#loop = new CommitLoop(this.#raft, member.storage, {
      applyEntry: (entry) => this.#applyEntry(entry),
      readConfirmed: (context, index) => this.#readConfirmed(context, index),
      appliedGroup: (first, last, startedMs, endedMs) =>
        this.#appliedGroup(first, last, startedMs, endedMs),
      appliedSlice: () => this.#appliedSlice(),
      failed: (error) => this.fail(error),
      nowMs: () => config.clock.monotonicMs(),
    });
    this.#memberChanges = new MemberChanges(clock, (change) => this.#submitMemberChange(change));
    this.#corruption = new CorruptionMonitor({
      config: config.corruptionChecks,
      store: this.store,
      backend: this.backend,
      hashes: this.hashes,
      clock,
      alarm: new CorruptionAlarm(this.alarms, this, config.logger),
      failed: (error) => this.fail(error),
    });
    this.#leaseExpirer = new LeaseExpirer(this.lessor, this, clock, requestTimeoutMs(config));
    this.#leaseCheckpointer = new LeaseCheckpointer(this.lessor, this, clock);
    this.#versionMonitor = new VersionMonitor(this);
    this.#watchDelivery = new BackgroundWork(
      () => this.#deliverWatches(),
      (error) => this.fail(error),
    );
    // Whoever embeds the server may never ask; an unasked failure is not an unhandled one.
    this.#ready.promise.catch(() => {});
  }

  #deliverWatches(): boolean {
    const { hub, config, counts } = this;
    return counts.watches.deliver(hub, () => config.clock.monotonicMs(), () => {
      hub.notify();
      return hub.catchUp(SERVER_LIMITS.watchCatchUpSteps);
    });
  }

  #appliedPosition(): AppliedPosition {
    assert(!this.#loop.isApplying, "the applied state is cut between two entries");
    const index = this.#raft.appliedIndex;
    const term = this.#raft.termOf(index);
    assert(term !== undefined, "the last applied entry is in memory, or the snapshot before it is");
    return { index, term, confState: this.#raft.confState() };
  }

  /**
   * Opens the data directory, or bootstraps a new one. Throws an error that names the directory
   * when it cannot be used.
   */
  static async open(config: ServerConfig): Promise<EtcdServer> {
    const tokens = await openTokens(config.auth, config.clock, config.logger);
    const member = await openMember(config);
    try {
      return new EtcdServer(config, member, tokens);
    } catch (error) {
      await member.files.close();
      await member.close();
      throw error;
    }
  }

  /** Resolves once this member serves requests; rejects if it stops before. */
  get readyNotify(): Promise<void> {
    return this.#ready.promise;
  }

  /** Whether this member has begun to serve requests. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when the server begins to stop. */
  get stoppingNotify(): Promise<void> {
    return this.#stopping.promise;
  }

  /** Resolves when the server has stopped and its files are closed. */
  get stopNotify(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Why the server stopped by itself, else undefined. */
  get failure(): unknown {
    return this.#failure;
  }

  get clusterId(): bigint {
    return this.membership.clusterId;
  }

  /** The form that the B-tree file says it has; before 3.6 it says nothing. */
  get storageVersion(): string | undefined {
    const { compatVersion } = this.config;
    const { clusterVersion = compatVersion.clusterVersion } = this.membership;
    return compatVersion.storageVersionIn(clusterVersion);
  }

  get raftStatus(): RaftStatus {
    return raftStatusOf(this.#raft);
  }

  get term(): number {
    return this.#raft.term;
  }

  /** The leader's member ID, 0n while there is none. */
  get leader(): bigint {
    return this.#raft.leader;
  }

  /** Whether this member has no vote yet. */
  get isLearner(): boolean {
    return this.membership.list().some(({ id, isLearner }) => id === this.memberId && isLearner);
  }

  get leads(): boolean {
    return this.#raft.role === "leader";
  }

  get committedIndex(): number {
    return this.#raft.committedIndex;
  }

  get appliedIndex(): number {
    return this.#raft.appliedIndex;
  }

  get currentRevision(): number {
    return this.store.currentRevision;
  }

  get pendingProposalCount(): number {
    return this.#proposals.count;
  }

  /** Linearizable reads that wait for their confirmation. */
  get waitingReadCount(): number {
    return this.#reads.count;
  }

  /** Linearizable reads given up because they were not confirmed in time. */
  get slowReadCount(): number {
    return this.#reads.expiredCount;
  }

  get compactionDurations(): CompactionDurations {
    return this.#compactions.durations;
  }

  get failedProposalCount(): number {
    return this.#failedProposalCount;
  }

  get leaderChangeCount(): number {
    return this.#leaderChangeCount;
  }

  get leaseCounts(): Readonly<LeaseCounts> {
    return this.#state.counts;
  }

  get expiredLeaseCount(): number {
    return this.#leaseExpirer.expiredCount;
  }

  /** Begins to work: replays the log, becomes leader, publishes itself. */
  start(): void {
    this.#lifecycle = "running";
    const { compaction } = this.#member.state;
    if (compaction !== undefined) this.#compactions.run(compaction);
    this.#scheduleTick();
    this.#leaseExpirer.start();
    if (this.config.leases.checkpoint) this.#leaseCheckpointer.start();
    this.#loop.wake();
    this.#campaignWhenReplayed();
  }

  get slowApplyCount(): number {
    return this.#slowApplyCount;
  }

  /** An ID by which this member finds a proposal again. */
  newRequestId(): bigint {
    return this.#requestIds.full(this.#requestIds.next());
  }

  /** A new request ID as a lease ID: positive and never used before. */
  newLeaseId(): bigint {
    return this.newRequestId() & 0x7fff_ffff_ffff_ffffn;
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
    const { maxRequestBytes } = this.config;
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
   * everything later reaches its waiter.
   */
  propose(operation: Operation, frame: Uint8Array): void {
    if (this.#lifecycle !== "running") throw ETCD_ERRORS.stopped;
    if (this.#raft.leader === NO_MEMBER) throw ETCD_ERRORS.noLeader;
    this.#proposals.checkRoom(this.#hasPriority(operation));
    const id = readRaftRequestCounter(frame, this.#requestIds.memberBits);
    assert(id !== undefined, "a proposal is framed by the server that takes it");
    this.#raft.propose(frame);
    this.#proposals.add(id, operation, frame.length, this.config.clock.monotonicMs());
    this.#loop.wake();
  }

  /** Leases must end in time, all the more when there is too much to do. */
  #hasPriority({ field }: Operation): boolean {
    return this.config.hasPriorityRequests && field === OperationField.LEASE_REVOKE;
  }

  /** Frames and proposes an encoded request that was not sent by a client. */
  proposeEncoded(operation: Operation, bytes: Uint8Array): void {
    const { field, requester } = operation;
    this.propose(operation, this.frame(field, bytes, 0, bytes.length, requester));
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
    if (this.#lifecycle !== "running") throw ETCD_ERRORS.stopped;
    if (this.#raft.leader === NO_MEMBER) throw ETCD_ERRORS.noLeader;
    this.#raft.proposeConfChange(change);
    this.#loop.wake();
  }

  /** Lets a linearizable read go as soon as it may, which is mostly at once. */
  whenReadable(read: WaitingRead): void {
    if (this.readableNow) {
      read.ready();
      return;
    }
    if (this.#lifecycle !== "running") {
      read.failed(ETCD_ERRORS.stopped);
      return;
    }
    this.#reads.add(read, this.config.clock.monotonicMs());
    this.#askReadIndex();
  }

  /** Whether a linearizable read may answer from the state as it is right now. */
  get readableNow(): boolean {
    return this.#raft.readableNow && this.#lifecycle === "running";
  }

  /**
   * Renews a lease in memory and returns its time to live in seconds: 0 if it has run out,
   * undefined if there is none. Throws noLeader while this member does not lead.
   */
  renewLease(id: bigint): number | undefined {
    if (!this.lessor.primary) throw ETCD_ERRORS.noLeader;
    this.#state.counts.leasesRenewed++;
    const ttlSeconds = this.lessor.renew(id, this.config.clock.monotonicMs());
    const lease = this.lessor.get(id);
    if (lease !== undefined && lease.remainingTtlSeconds > 0) this.#takeCheckpointBack(id);
    return ttlSeconds;
  }

  /** What was left of a lease at some time must not end it early once it was renewed. */
  #takeCheckpointBack(id: bigint): void {
    this.checkpointLeases([{ id, remainingTtlSeconds: 0 }], () => {});
  }

  checkpointLeases(
    left: readonly LeaseCheckpoint[],
    settled: (error: EtcdError | undefined) => void,
  ): void {
    const checkpoints = left.map(({ id, remainingTtlSeconds: remainingTtl }) => ({
      id,
      remainingTtl,
    }));
    const request = LeaseCheckpointRequest.create({ checkpoints });
    const waiter = { applied: () => settled(undefined), failed: settled };
    const bytes = LeaseCheckpointRequest.encode(request);
    this.proposeOwn(new LeaseCheckpointOperation(request, waiter), bytes);
  }

  /** See Backend.defragment(). */
  defragment(): Promise<void> {
    const work = () => this.backend.defragment();
    return this.config.stopsServingOnDefragment ? this.serving.pausedDuring(work) : work();
  }

  revokeLease(id: bigint, settled: (error: EtcdError | undefined) => void): void {
    const request = LeaseRevokeRequest.create({ id });
    const waiter = { applied: () => settled(undefined), failed: settled };
    this.proposeOwn(
      new LeaseRevokeOperation(request, waiter, this.auth.root),
      LeaseRevokeRequest.encode(request),
    );
  }

  compact(revision: number, settled: (error: EtcdError | undefined) => void): void {
    const request = CompactionRequest.create({ revision });
    const waiter = { applied: () => settled(undefined), failed: settled };
    this.proposeOwn(new CompactionOperation(request, waiter), CompactionRequest.encode(request));
  }

  /** Raises this member's NOSPACE alarm; `settled` is called once that has worked or failed. */
  raiseSpaceAlarm(settled: () => void): void {
    this.#spaceAlarm.raise(settled);
  }

  /** Sees to it that slow and late watchers are served; call it when one has room again. */
  wakeWatchers(): void {
    this.#watchDelivery.wake();
  }

  /**
   * Stops: nothing more is taken, who waits gets `etcdserver: server stopped`, the log is closed.
   * Safe to call at any time and more than once.
   */
  async stop(): Promise<void> {
    if (this.#lifecycle === "stopping" || this.#lifecycle === "stopped") return this.stopNotify;
    this.#lifecycle = "stopping";
    this.#stopping.resolve();
    this.streams.endAll();
    this.#ready.reject(ETCD_ERRORS.stopped);
    this.#tickTimer?.cancel();
    this.#leaseExpirer.stop();
    this.#leaseCheckpointer.stop();
    this.#versionMonitor.stop();
    this.#autoCompaction?.stop();
    this.#corruption.stop();
    this.#compactions.stop();
    this.hashes.stop();
    this.auth.close();
    this.#watchDelivery.stop();
    await this.#loop.stop();
    this.#proposals.failAll(ETCD_ERRORS.stopped);
    this.#memberChanges.failAll(ETCD_ERRORS.stopped);
    this.#reads.failAll(ETCD_ERRORS.stopped);
    await this.#closeFiles();
    this.#lifecycle = "stopped";
    this.#stopped.resolve();
  }

  /**
   * Stops the member because its disk failed or an invariant broke: it must not answer from a
   * state that may be wrong. `failure` tells why.
   */
  fail(error: unknown): void {
    if (this.#lifecycle === "stopping" || this.#lifecycle === "stopped") return;
    this.#failure = error;
    this.config.logger.error("the member stops because of an error", {
      error: error instanceof Error ? error.message : String(error),
    });
    this.stop();
  }

  async #closeFiles(): Promise<void> {
    try {
      try {
        await this.backend.close(this.#failure);
      } finally {
        await this.#member.close();
      }
    } catch (error) {
      // What was acknowledged was synced before, so nothing is lost; but somebody should know.
      this.#failure ??= error;
    }
  }

  #scheduleTick(): void {
    this.#tickTimer = this.config.clock.setTimer(this.config.tickMs, () => {
      this.#tick();
      if (this.#lifecycle === "running") this.#scheduleTick();
    });
  }

  #tick(): void {
    this.#raft.tick();
    const nowMs = this.config.clock.monotonicMs();
    this.#lateTicks.ticked(nowMs, this.leads);
    this.#lateReads.check(this.#reads.oldestUnconfirmedMs, this.#reads.count, nowMs);
    const expiredBefore = nowMs - requestTimeoutMs(this.config);
    for (const { operation, sinceMs } of this.#proposals.expire(expiredBefore)) {
      this.#failedProposalCount++;
      this.counts.operations.gaveUp(operation.field, nowMs - sinceMs);
    }
    this.#memberChanges.expire(expiredBefore);
    this.#reads.expire(expiredBefore);
    this.#askReadIndex();
    if (this.hub.tick(nowMs)) {
      const durationMs = this.config.clock.monotonicMs() - nowMs;
      this.counts.watches.notifications.add(durationMs / 1000);
    }
    if (this.#raft.hasReady()) this.#loop.wake();
  }

  /** One confirmation serves all reads that wait; without a leader the next tick asks again. */
  #askReadIndex(): void {
    const context = this.#reads.newestContext;
    if (context === 0 || !this.leads) return;
    this.#raft.readIndex(context);
    this.#loop.wake();
  }

  #readConfirmed(context: number, index: number): void {
    this.#reads.confirm(context, index);
    this.#reads.release(this.#raft.appliedIndex);
  }

  #applyEntry(entry: Entry): void {
    if (entry.type === EntryType.EntryConfChange) {
      const { change, refusal } = applyConfChange(this.membership, entry);
      this.#raft.applyConfChange(change);
      this.#memberChanges.applied(change.id, refusal);
    } else if (entry.data !== undefined && entry.data.length > 0) {
      this.#applyOperation(entry);
    }
  }

  #applyOperation(entry: Entry): void {
    const data = entry.data;
    if (data === undefined) return;
    const id = readRaftRequestCounter(data, this.#requestIds.memberBits);
    const own = id === undefined ? undefined : this.#proposals.take(id);
    const operation = own?.operation ?? decodeOperation(data, entry.index);
    this.#state.entryIndex = entry.index;
    const isDone = operation.apply(this.#state);
    this.counts.operations.applied(operation.field, isDone);
    if (own !== undefined) this.counts.operations.answered(operation.field, own.sinceMs);
  }

  #appliedGroup(first: Entry, last: Entry, startedMs: number, endedMs: number): void {
    const durationMs = endedMs - startedMs;
    const entryCount = last.index - first.index + 1;
    this.counts.operations.groupApplied(entryCount, endedMs, durationMs);
    const { warningApplyDurationMs, logger } = this.config;
    if (durationMs <= warningApplyDurationMs) return;
    this.#slowApplyCount++;
    logger.warn("apply request took too long", {
      "took-ms": durationMs,
      "expected-duration-ms": warningApplyDurationMs,
      "first-index": first.index,
      "last-index": last.index,
    });
  }

  #appliedSlice(): void {
    const applied = this.#raft.appliedIndex;
    // In a turn of its own, so that the answers of this batch leave before the events: whoever
    // waits for an answer has its next request under way while watchers are served.
    this.#watchDelivery.wake();
    this.#reads.release(applied);
    this.#memberChanges.submitNext();
    this.backend.changed();
    this.#truncateLog(applied);
    this.#campaignWhenReplayed();
    this.#noticeLeadership();
  }

  /**
   * Followers that are late get entries from memory; a member that is alone has nobody to keep them
   * for, and they may be large.
   */
  #truncateLog(applied: number): void {
    const isAlone = this.membership.size <= 1;
    const keptCount = isAlone ? 0 : this.config.backend.snapshotCatchUpEntries;
    const slack = isAlone ? SERVER_LIMITS.soleLogEntriesSlack : SERVER_LIMITS.logEntriesSlack;
    if (applied - this.#raft.firstIndex < keptCount + slack) return;
    this.#raft.truncateLogTo(applied - keptCount);
  }

  /**
   * A sole voter need not wait for an election timeout: once the committed part of the log is
   * applied, it knows that it is alone and stands at once.
   */
  #campaignWhenReplayed(): void {
    // Who does not want that waits for the timeout, as an etcd does then.
    if (!this.config.initialElectionTickAdvance) return;
    if (this.leads || this.#raft.appliedIndex < this.#raft.committedIndex) return;
    this.#raft.campaign();
    if (this.leads) this.#loop.wake();
  }

  #noticeLeadership(): void {
    if (this.#leadershipSeen || !this.#raft.readableNow) return;
    this.#leadershipSeen = true;
    this.#leaderChangeCount++;
    this.lessor.promote(
      this.config.clock.monotonicMs(),
      this.config.electionTicks * this.config.tickMs,
    );
    publishSelf(this).then(() => this.#published(), (error) => this.#ready.reject(error));
  }

  #published(): void {
    if (this.#lifecycle !== "running") return;
    if (this.#member.snapshots?.isNeeded === true) {
      this.#snapshots?.force();
      this.backend.changed();
    }
    this.#becomeReady();
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#ready.resolve();
    // Before the log was replayed, the store's revision said nothing about its age.
    this.#corruption.start();
    this.#versionMonitor.start();
    this.#autoCompaction = startAutoCompaction(this.config, this);
  }
}
