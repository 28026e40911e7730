import { messageOf } from "../base/error_message.ts";
import type { WorkMeter } from "../base/work_meter.ts";
import type { Alarms } from "../core/alarms/alarms.ts";
import type { Requester } from "../core/auth/requester.ts";
import type { Lessor } from "../core/lease/lessor.ts";
import type { Membership } from "../core/members/membership.ts";
import type { Store } from "../core/mvcc/store.ts";
import type { WatchHub } from "../core/mvcc/watch_hub.ts";
import type { Quota } from "../core/quota/quota.ts";
import type { ConfChange } from "../pb/raftpb.ts";
import type { AppliedState } from "./applied_state.ts";
import { Authentication } from "./auth/authentication.ts";
import { openTokens } from "./auth/open_tokens.ts";
import type { TokenProvider } from "./auth/token_provider.ts";
import type { BackgroundWork } from "./background.ts";
import type { Backend } from "./backend/backend.ts";
import { newBackend } from "./backend/new_backend.ts";
import type { RaftSnapshots } from "./backend/raft_snapshots.ts";
import { openMember } from "./bootstrap/open_member.ts";
import type { OpenedMember } from "./bootstrap/opened_member.ts";
import { CompactionRunner } from "./compaction/compaction_runner.ts";
import { ServerCounts } from "./counts/server_counts.ts";
import { guardedClock } from "./guarded_clock.ts";
import { HashQueue } from "./hash_queue.ts";
import { renewLease } from "./leases/lease_renewal.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Operation, Waiter } from "./operations/operation.ts";
import { SkippedWrites } from "./operations/skipped_writes.ts";
import { OpenStreams } from "./open_streams.ts";
import { OwnRequests } from "./proposals/own_requests.ts";
import { Consensus } from "./consensus.ts";
import { type RaftStatus, raftStatusOf } from "./raft/raft_status.ts";
import type { WaitingRead } from "./reads/read_gate.ts";
import type { ServerConfig } from "./server_config.ts";
import { newQuota } from "./server_quota.ts";
import { ServingState } from "./serving_state.ts";
import { SpaceAlarm } from "./space_alarm.ts";
import { Upkeep } from "./upkeep.ts";
import { publishSelf } from "./versions/publisher.ts";
import { newWatchDelivery, newWatchHub } from "./watch_delivery.ts";

/**
 * One member: it proposes what clients ask, drives Raft with the disk, applies what is committed
 * and tells those who wait. Each of these is done by a part of its own; here they are put together,
 * started and stopped.
 */
export class EtcdServer {
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
  /** What the member asks of the cluster in its own name. */
  readonly ownRequests: OwnRequests;
  /** Streams that end when the server stops. */
  readonly streams = new OpenStreams();
  /** Whether the health service calls the member serving. */
  readonly serving = new ServingState();
  readonly #lifecycle = new Lifecycle();
  readonly #member: OpenedMember;
  readonly #snapshots: RaftSnapshots | undefined;
  readonly #compactions: CompactionRunner;
  readonly #watchDelivery: BackgroundWork;
  readonly #spaceAlarm: SpaceAlarm;
  readonly #consensus: Consensus;
  readonly #upkeep: Upkeep;

  private constructor(given: ServerConfig, member: OpenedMember, tokens: TokenProvider) {
    const failed = (error: unknown) => this.fail(error);
    const clock = guardedClock(given.clock, failed);
    const config = { ...given, clock };
    const { memberId, state: { store, lessor, membership, alarms } } = member;
    const counts = new ServerCounts(clock);
    this.config = config;
    this.counts = counts;
    this.#member = member;
    this.memberId = memberId;
    this.membership = membership;
    this.lessor = lessor;
    this.store = store;
    this.alarms = alarms;
    this.auth = new Authentication(config, member.state.auth, tokens);
    this.hub = newWatchHub(config, store);
    this.#watchDelivery = newWatchDelivery(config, this.hub, counts, failed);
    this.hashes = new HashQueue(store, clock, failed);
    const { backend, snapshots } = newBackend(config, member, {
      position: () => this.#consensus.appliedPosition,
      failed,
    });
    this.backend = backend;
    this.#snapshots = snapshots;
    this.quota = newQuota(config, backend);
    this.#compactions = new CompactionRunner({
      config: config.compaction,
      clock,
      backend,
      durations: counts.compactions,
      failed,
    });
    this.#spaceAlarm = new SpaceAlarm(alarms, this, config.logger);
    this.#consensus = new Consensus({
      config,
      memberId,
      raftStart: member.raftStart,
      storage: member.storage,
      state: this.#appliedState(tokens),
      lifecycle: this.#lifecycle,
      counts,
      applied: () => this.#applied(),
      leadershipBegan: () => this.#leadershipBegan(),
      failed,
    });
    const { raft, proposer } = this.#consensus;
    this.ownRequests = new OwnRequests({ proposer, raft, store, auth: this.auth });
    this.#upkeep = new Upkeep(this, failed);
  }

  #appliedState(tokens: TokenProvider): AppliedState {
    return {
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
      skippedWrites: new SkippedWrites(this.config.logger),
      clock: this.config.clock,
      counts: this.counts.leases,
      versionLowered: () => this.#snapshots?.force(),
      entryIndex: 0,
    };
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
    return this.#lifecycle.readyNotify;
  }

  /** Whether this member has begun to serve requests. */
  get isReady(): boolean {
    return this.#lifecycle.isReady;
  }

  /** Resolves when the server begins to stop. */
  get stoppingNotify(): Promise<void> {
    return this.#lifecycle.stoppingNotify;
  }

  /** Resolves when the server has stopped and its files are closed. */
  get stopNotify(): Promise<void> {
    return this.#lifecycle.stopNotify;
  }

  /** Why the server stopped by itself, else undefined. */
  get failure(): unknown {
    return this.#lifecycle.failure;
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

  /** Whether this member has no vote yet. */
  get isLearner(): boolean {
    return this.membership.list().some(({ id, isLearner }) => id === this.memberId && isLearner);
  }

  get raftStatus(): RaftStatus {
    return raftStatusOf(this.#consensus.raft);
  }

  get term(): number {
    return this.#consensus.raft.term;
  }

  /** The leader's member ID, 0n while there is none. */
  get leader(): bigint {
    return this.#consensus.raft.leader;
  }

  get leads(): boolean {
    return this.#consensus.raft.leads;
  }

  get committedIndex(): number {
    return this.#consensus.raft.committedIndex;
  }

  get appliedIndex(): number {
    return this.#consensus.raft.appliedIndex;
  }

  get pendingProposalCount(): number {
    return this.#consensus.proposer.pendingCount;
  }

  /** Linearizable reads that wait for their confirmation. */
  get waitingReadCount(): number {
    return this.#consensus.reads.waitingCount;
  }

  /** Linearizable reads given up because they were not confirmed in time. */
  get slowReadCount(): number {
    return this.#consensus.reads.expiredCount;
  }

  get expiredLeaseCount(): number {
    return this.#upkeep.expiredLeaseCount;
  }

  /** See Proposer.newRequestId(). */
  newRequestId(): bigint {
    return this.#consensus.proposer.newRequestId();
  }

  /** A new request ID as a lease ID: positive and never used before. */
  newLeaseId(): bigint {
    return this.newRequestId() & 0x7fff_ffff_ffff_ffffn;
  }

  /** See Proposer.frame(). */
  frame(
    field: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    requester?: Requester,
  ): Uint8Array {
    return this.#consensus.proposer.frame(field, bytes, start, end, requester);
  }

  /** See Proposer.propose(). */
  propose(operation: Operation, frame: Uint8Array, source?: WorkMeter): void {
    this.#consensus.proposer.propose(operation, frame, source);
  }

  /** See Proposer.proposeEncoded(). */
  proposeEncoded(operation: Operation, bytes: Uint8Array, source?: WorkMeter): void {
    this.#consensus.proposer.proposeEncoded(operation, bytes, source);
  }

  /** See Proposer.proposeOwn(). */
  proposeOwn(operation: Operation, bytes: Uint8Array): void {
    this.#consensus.proposer.proposeOwn(operation, bytes);
  }

  /** See Proposer.changeMembers(). */
  changeMembers(change: Partial<ConfChange>, waiter: Waiter<void>): void {
    this.#consensus.proposer.changeMembers(change, waiter);
  }

  /** See LinearizableReads.whenReadable(). */
  whenReadable(read: WaitingRead): void {
    this.#consensus.reads.whenReadable(read);
  }

  /** See LinearizableReads.readableNow. */
  get readableNow(): boolean {
    return this.#consensus.reads.readableNow;
  }

  /** See renewLease(). */
  renewLease(id: bigint): number | undefined {
    return renewLease(this, id);
  }

  /** See Backend.defragment(). */
  defragment(): Promise<void> {
    const work = () => this.backend.defragment();
    return this.config.stopsServingOnDefragment ? this.serving.pausedDuring(work) : work();
  }

  /** Raises this member's NOSPACE alarm; `settled` is called once that has worked or failed. */
  raiseSpaceAlarm(settled: () => void): void {
    this.#spaceAlarm.raise(settled);
  }

  /** Sees to it that slow and late watchers are served; call it when one has room again. */
  wakeWatchers(): void {
    this.#watchDelivery.wake();
  }

  /** Begins to work: replays the log, becomes leader, publishes itself. */
  start(): void {
    this.#lifecycle.started();
    const { compaction } = this.#member.state;
    if (compaction !== undefined) this.#compactions.run(compaction);
    this.#upkeep.start();
    this.#consensus.start();
  }

  #applied(): void {
    // In a turn of its own, so that the answers of this batch leave before the events: whoever
    // waits for an answer has its next request under way while watchers are served.
    this.#watchDelivery.wake();
    this.backend.changed();
  }

  #leadershipBegan(): void {
    publishSelf(this).then(
      () => this.#published(),
      (error) => this.#lifecycle.failedToBecomeReady(error),
    );
  }

  #published(): void {
    if (!this.#lifecycle.isRunning) return;
    if (this.#member.snapshots?.isNeeded === true) {
      this.#snapshots?.force();
      this.backend.changed();
    }
    this.#lifecycle.becameReady();
    this.#upkeep.becameReady();
  }

  /**
   * Stops: nothing more is taken, who waits gets `etcdserver: server stopped`, the log is closed.
   * Safe to call at any time and more than once.
   */
  async stop(): Promise<void> {
    if (this.#lifecycle.isStopping) return this.stopNotify;
    this.#lifecycle.stopBegan();
    this.streams.endAll();
    this.#upkeep.stop();
    this.#compactions.stop();
    this.hashes.stop();
    this.auth.close();
    this.#watchDelivery.stop();
    await this.#consensus.stop();
    await this.#closeFiles();
    this.#lifecycle.stopEnded();
  }

  /**
   * Stops the member because its disk failed or an invariant broke: it must not answer from a
   * state that may be wrong. `failure` tells why.
   */
  fail(error: unknown): void {
    if (this.#lifecycle.isStopping) return;
    this.#lifecycle.failure = error;
    this.config.logger.error("the member stops because of an error", {
      error: messageOf(error),
    });
    this.stop();
  }

  async #closeFiles(): Promise<void> {
    try {
      try {
        await this.backend.close(this.failure);
      } finally {
        await this.#member.close();
      }
    } catch (error) {
      // What was acknowledged was synced before, so nothing is lost; but somebody should know.
      this.#lifecycle.failure ??= error;
    }
  }
}
