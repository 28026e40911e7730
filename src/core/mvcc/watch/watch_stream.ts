import type { WatchCreateRequest } from "../../../pb/etcdserverpb.ts";
import { type HeapItem, NOT_IN_HEAP } from "../../../base/heap.ts";
import type { EncodedEvents } from "./watch_event.ts";
import { addWatcher, removeWatcher, type Watcher } from "./watch_watcher.ts";

/** `watch_id` of what concerns no watch of the stream, or all of them. */
export const NO_WATCH_ID = -1n;

/** The watch that a response is for. */
export interface WatchTarget {
  readonly id: bigint;
  /** The encoded field `WatchResponse.watch_id`; empty for the ID 0. */
  readonly idField: Uint8Array;
}

/**
 * Where a stream's responses go, for example to one gRPC call. It must not throw; of the hub it
 * may call only `cancel` and `close` from inside, and `resume` only later.
 */
export interface WatchSink {
  /**
   * Puts one response with events on the stream; takes it in any case. False says that the stream
   * is above its mark: until `resume` it gets no more. `revision` is for the header, `fragment`
   * says that more of the same response follows.
   */
  events(
    target: WatchTarget,
    revision: number,
    events: EncodedEvents,
    fragment: boolean,
  ): boolean;
  /** The hub ended a watch; `compactRevision` is 0 if compaction was not the reason. */
  canceled(watchId: bigint, compactRevision: number, reason: string): void;
  /** A response without events: the stream, or with NO_WATCH_ID all of it, is at the revision. */
  progress(watchId: bigint, revision: number): void;
}

/** What became of a create request, for the response with `created`. */
export interface WatchCreated {
  /** NO_WATCH_ID if it was refused. */
  readonly watchId: bigint;
  /** The store's revision, for the header. A watch "from now on" gets what is behind it. */
  readonly revision: number;
  /** Empty unless the watch was refused; then the response has `canceled` as well. */
  readonly cancelReason: string;
}

/** One client's stream of watches. */
export interface WatchStream {
  readonly watcherCount: number;
  create(request: WatchCreateRequest): WatchCreated;
  /** Whether there was such a watch; if so, the caller answers with `canceled`. */
  cancel(watchId: bigint): boolean;
  /** The sink gets one progress response with NO_WATCH_ID as soon as all watches are synced. */
  requestProgress(): void;
  /** The sink takes events again. */
  resume(): void;
  /** Ends all watches; the sink hears no more. */
  close(): void;
}

/** What a stream asks of its hub. */
export interface WatchStreamOwner {
  create(stream: WatchStreamState, request: WatchCreateRequest): WatchCreated;
  cancel(watcher: Watcher): void;
  requestProgress(stream: WatchStreamState): void;
  resume(stream: WatchStreamState): void;
  close(stream: WatchStreamState): void;
}

/** A stream as the parts of the hub see it. Its key in a heap is the time of the next notification. */
export class WatchStreamState implements WatchStream, HeapItem {
  readonly sink: WatchSink;
  readonly watchers = new Map<bigint, Watcher>();
  readonly laggards: Watcher[] = [];
  syncedCount = 0;
  /** Whether synced watchers get events as they happen; the one test on the way of every event. */
  live = true;
  heapKey = 0;
  heapIndex = NOT_IN_HEAP;
  /** Whether the time of the next notification is known, not only that there is to be one. */
  progressTimed = false;
  readonly #owner: WatchStreamOwner;
  #blocked = false;
  #owesTurn = false;
  #closed = false;
  #nextId = 0n;
  #turn = 0;

  constructor(owner: WatchStreamOwner, sink: WatchSink) {
    this.#owner = owner;
    this.sink = sink;
  }

  get watcherCount(): number {
    return this.watchers.size;
  }

  /** Whether the sink said that it is full. */
  get blocked(): boolean {
    return this.#blocked;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether catching up can do something for this stream. */
  get runnable(): boolean {
    return this.laggards.length > 0 && !this.#blocked && !this.#closed;
  }

  create(request: WatchCreateRequest): WatchCreated {
    return this.#owner.create(this, request);
  }

  cancel(watchId: bigint): boolean {
    const watcher = this.watchers.get(watchId);
    if (watcher === undefined) return false;
    this.#owner.cancel(watcher);
    return true;
  }

  requestProgress(): void {
    if (!this.#closed) this.#owner.requestProgress(this);
  }

  resume(): void {
    if (this.#blocked && !this.#closed) this.#owner.resume(this);
  }

  close(): void {
    if (!this.#closed) this.#owner.close(this);
  }

  /** The lowest ID from 0 up that was neither handed out nor is in use. */
  takeFreeId(): bigint {
    while (this.watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  addLaggard(watcher: Watcher): void {
    addWatcher(this.laggards, watcher);
  }

  removeLaggard(watcher: Watcher): void {
    removeWatcher(this.laggards, watcher);
    if (this.laggards.length === 0) this.#owesTurn = false;
    this.#refreshLive();
  }

  /**
   * The laggard to serve next. Every other turn it is the one that is farthest behind, since
   * whoever it passes comes along; in the turns between, one after the other, so that those who
   * miss little need not wait for it.
   */
  pickLaggard(): Watcher {
    const { laggards } = this;
    this.#turn = (this.#turn + 1) % 0x4000_0000;
    if (this.#turn % 2 === 0) return laggards[(this.#turn / 2) % laggards.length];
    let farthest = laggards[0];
    for (const laggard of laggards) {
      if (laggard.nextRevision < farthest.nextRevision) farthest = laggard;
    }
    return farthest;
  }

  markBlocked(): void {
    this.#blocked = true;
    this.#refreshLive();
  }

  /**
   * Those who fell behind come before new events, or a busy stream would be full again before
   * they get anything.
   */
  markResumed(): void {
    this.#blocked = false;
    this.#owesTurn = this.laggards.length > 0;
    this.#refreshLive();
  }

  /** The stream had its turn in the catching up. */
  markServed(): void {
    this.#owesTurn = false;
    this.#refreshLive();
  }

  markClosed(): void {
    this.#closed = true;
    this.#refreshLive();
  }

  #refreshLive(): void {
    this.live = !this.#blocked && !this.#owesTurn && !this.#closed;
  }
}
