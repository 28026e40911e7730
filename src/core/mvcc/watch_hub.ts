import { assert } from "../../base/assert.ts";
import type { Prng } from "../../base/prng.ts";
import { FilterType, type WatchCreateRequest } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import type { Change, ChangeLog } from "./change.ts";
import { LIVE, WatchBatch } from "./watch_batch.ts";
import { WatchCatchUp } from "./watch_catch_up.ts";
import { WatchDelivery } from "./watch_delivery.ts";
import type { WatchGroup, WatchShape } from "./watch_group.ts";
import { WATCH_LIMITS, type WatchLimits } from "./watch_limits.ts";
import { WatchProgress } from "./watch_progress.ts";
import { WatchRoster } from "./watch_roster.ts";
import {
  NO_WATCH_ID,
  type WatchCreated,
  type WatchSink,
  type WatchStream,
  type WatchStreamOwner,
  WatchStreamState,
} from "./watch_stream.ts";
import { Watcher, WatcherState } from "./watch_watcher.ts";

interface WatchHubOptions {
  /** A response with at least so many bytes is split for a watcher that asked for fragments. */
  readonly maxResponseBytes: number;
  /** How often a quiet watcher that asked for it is told the revision. */
  readonly progressNotifyIntervalMs: number;
  readonly prng: Prng;
  /** Smaller bounds, for tests. */
  readonly limits?: WatchLimits;
}

/**
 * Tells watchers what changes. `notify` is called once for every batch of applied entries, and
 * before a compaction is started; `catchUp` whenever `catchUpNeeded`; `tick` now and then.
 */
export class WatchHub {
  readonly #roster: WatchRoster;
  readonly #delivery: WatchDelivery;
  readonly #catchUp: WatchCatchUp;
  readonly #progress: WatchProgress;
  readonly #limits: WatchLimits;
  readonly #batch = new WatchBatch();
  readonly #groupLists: WatchGroup[][] = [];
  readonly #streams = new Set<WatchStreamState>();
  readonly #owner: WatchStreamOwner;
  #lastInBatch = 0;
  /** Kept as one function, since a batch is collected several thousand times a second. */
  readonly #collect = (change: Change): boolean => this.#collectChange(change);
  #busy = false;

  constructor(log: ChangeLog, options: WatchHubOptions) {
    const { maxResponseBytes, progressNotifyIntervalMs, prng } = options;
    const limits = options.limits ?? WATCH_LIMITS;
    this.#limits = limits;
    this.#roster = new WatchRoster(log);
    const fragmentFromBytes = maxResponseBytes - limits.responseOverheadBytes;
    this.#delivery = new WatchDelivery(this.#roster, fragmentFromBytes);
    this.#catchUp = new WatchCatchUp(this.#roster, this.#delivery, limits);
    const { progressJitter } = limits;
    this.#progress = new WatchProgress(
      this.#roster,
      progressNotifyIntervalMs,
      progressJitter,
      prng,
    );
    this.#owner = {
      create: (stream, request) => this.#create(stream, request),
      cancel: (watcher) => this.#cancel(watcher),
      requestProgress: (stream) => this.#requestProgress(stream),
      resume: (stream) => this.#resume(stream),
      close: (stream) => this.#close(stream),
    };
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  get watcherCount(): number {
    return this.#roster.watcherCount;
  }

  /** Watchers that have not got everything yet: slow ones, and those that want history. */
  get laggingWatcherCount(): number {
    return this.#roster.laggingCount;
  }

  /** Events handed to sinks since the start. */
  get deliveredEventCount(): number {
    return this.#roster.deliveredEventCount;
  }

  /** Responses in which they were handed over; one in fragments counts once. */
  get deliveredResponseCount(): number {
    return this.#roster.deliveredResponseCount;
  }

  /** Whether `catchUp` has something to do; may become so by `create`, `resume` and `notify`. */
  get catchUpNeeded(): boolean {
    return this.#roster.runnable.size > 0;
  }

  openStream(sink: WatchSink): WatchStream {
    const stream = new WatchStreamState(this.#owner, sink);
    this.#streams.add(stream);
    return stream;
  }

  /** Delivers what was applied since the last call to all synced watchers. */
  notify(): void {
    const { log } = this.#roster;
    assert(log.currentRevision >= this.#roster.syncedRevision, "revisions never go back");
    if (log.currentRevision === this.#roster.syncedRevision) return;
    this.#begin();
    if (this.#roster.syncedRevision + 1 < log.compactedRevision) this.#leaveAllBehind();
    while (this.#roster.syncedRevision < log.currentRevision) this.#deliverBatch();
    this.#end();
  }

  /**
   * Serves watchers that are behind, fairly, for about `budgetSteps` changes read. Returns whether
   * there is more to do.
   */
  catchUp(budgetSteps: number): boolean {
    if (!this.catchUpNeeded) return false;
    this.#begin();
    this.#catchUp.run(budgetSteps);
    this.#end();
    return this.catchUpNeeded;
  }

  /** Sends the progress notifications that are due; returns whether there were any. */
  tick(nowMs: number): boolean {
    return this.#progress.tick(nowMs);
  }

  /** Goes on with another log, that of a snapshot just received, which is not behind the old one. */
  restore(log: ChangeLog): void {
    this.#roster.log = log;
    this.notify();
  }

  #begin(): void {
    assert(!this.#busy, "a sink does not drive the hub");
    this.#busy = true;
  }

  #end(): void {
    this.#busy = false;
    this.#answerProgress();
  }

  /** While events are being delivered, some watchers have them and others do not yet. */
  #answerProgress(): void {
    if (!this.#busy) this.#progress.answer();
  }

  /** One response for each group: the next revisions until it is large enough. */
  #deliverBatch(): void {
    const roster = this.#roster;
    const from = roster.syncedRevision + 1;
    const to = roster.log.currentRevision;
    roster.startWatchersAt(from);
    this.#lastInBatch = to;
    if (roster.syncedCount > 0) roster.log.scan(from, to, this.#collect);
    roster.syncedRevision = this.#lastInBatch;
    for (const group of this.#batch.touched) this.#deliverToGroup(group, from);
    this.#batch.reset();
    roster.startPassedWatchers();
  }

  #collectChange(change: Change): boolean {
    const groupLists = this.#groupLists;
    groupLists.length = 0;
    this.#roster.index.collect(change.key, groupLists);
    if (groupLists.length > 0) this.#batch.add(change, groupLists, LIVE);
    if (this.#batch.sizeBytes < this.#limits.responseSoftBytes) return true;
    this.#lastInBatch = change.revision;
    return false;
  }

  #deliverToGroup(group: WatchGroup, from: number): void {
    const revision = this.#roster.syncedRevision;
    const events = this.#batch.show(group, from);
    const { members } = group;
    const count = members.length;
    group.beginWalk();
    for (let i = 0; i < count; i++) {
      const watcher = members[i];
      if (watcher.state !== WatcherState.SYNCED) continue;
      if (watcher.stream.live) this.#delivery.deliver(watcher, revision, events);
      else this.#roster.fallBehind(watcher, from);
    }
    group.endWalk();
  }

  /** What synced watchers need next is compacted: catching up will find that and cancel them. */
  #leaveAllBehind(): void {
    const next = this.#roster.syncedRevision + 1;
    this.#roster.startWatchersAt(next);
    for (const stream of this.#streams) {
      for (const watcher of stream.watchers.values()) {
        if (watcher.state === WatcherState.SYNCED) this.#roster.fallBehind(watcher, next);
      }
    }
  }

  #create(stream: WatchStreamState, request: WatchCreateRequest): WatchCreated {
    assert(!this.#busy, "a sink does not create watches from inside");
    // Brought up to date, the hub has nothing left that a watch "from now on" must not see.
    this.notify();
    const revision = this.#roster.syncedRevision;
    const shape = shapeOf(request);
    const cancelReason = this.#refusal(stream, request, shape);
    if (cancelReason !== "") return { watchId: NO_WATCH_ID, revision, cancelReason };
    const watchId = request.watchId === 0n ? stream.takeFreeId() : request.watchId;
    const group = this.#roster.index.acquire(shape);
    const watcher = new Watcher(watchId, stream, group, request);
    this.#roster.admit(watcher, request.startRevision);
    if (request.progressNotify) this.#progress.notifyStream(stream);
    return { watchId, revision, cancelReason };
  }

  /** Why the watch cannot be, in etcd's words and in etcd's order; empty if it can. */
  #refusal(stream: WatchStreamState, request: WatchCreateRequest, shape: WatchShape): string {
    if (request.startRevision < 0) return ETCD_ERRORS.compacted.message;
    if (stream.closed || isEmptyRange(shape)) return ETCD_ERRORS.watchRangeEmpty.message;
    if (request.watchId !== 0n && stream.watchers.has(request.watchId)) {
      return ETCD_ERRORS.duplicateWatchId.message;
    }
    if (this.watcherCount >= this.#limits.watchers) {
      return ETCD_ERRORS.requestTooManyRequests.message;
    }
    return "";
  }

  #cancel(watcher: Watcher): void {
    this.#roster.dismiss(watcher);
    this.#answerProgress();
  }

  #requestProgress(stream: WatchStreamState): void {
    this.#progress.request(stream);
    this.#answerProgress();
  }

  #resume(stream: WatchStreamState): void {
    stream.markResumed();
    if (stream.runnable) this.#roster.runnable.add(stream);
    this.#answerProgress();
  }

  #close(stream: WatchStreamState): void {
    stream.markClosed();
    this.#progress.forget(stream);
    for (const watcher of stream.watchers.values()) this.#roster.dismiss(watcher);
    this.#streams.delete(stream);
  }
}

function shapeOf(request: WatchCreateRequest): WatchShape {
  return {
    // No key is smaller than "\0", and none is empty.
    key: request.key === "" ? "\0" : request.key,
    rangeEnd: request.rangeEnd,
    noPut: request.filters.includes(FilterType.NOPUT),
    noDelete: request.filters.includes(FilterType.NODELETE),
    prevKv: request.prevKv,
  };
}

function isEmptyRange(shape: WatchShape): boolean {
  const { key, rangeEnd } = shape;
  return rangeEnd !== "" && rangeEnd !== "\0" && rangeEnd <= key;
}
