import { Heap, NOT_IN_HEAP } from "../../../base/heap.ts";
import type { Prng } from "../../../base/prng.ts";
import type { WatchRoster } from "./watch_roster.ts";
import { NO_WATCH_ID, type WatchStreamState } from "./watch_stream.ts";
import { WatcherState } from "./watch_watcher.ts";

/** Tells clients how far they are: now and then, and when they ask. */
export class WatchProgress {
  readonly #roster: WatchRoster;
  readonly #intervalMs: number;
  readonly #jitter: number;
  readonly #prng: Prng;
  readonly #timed = new Heap<WatchStreamState>();
  readonly #asking = new Set<WatchStreamState>();

  /** A notification comes at random up to the part `jitter` of the interval late. */
  constructor(roster: WatchRoster, intervalMs: number, jitter: number, prng: Prng) {
    this.#roster = roster;
    this.#intervalMs = intervalMs;
    this.#jitter = jitter;
    this.#prng = prng;
  }

  /** The stream has a watcher that wants notifications; the next tick sets the time. */
  notifyStream(stream: WatchStreamState): void {
    if (stream.heapIndex === NOT_IN_HEAP) this.#timed.push(stream, -Infinity);
  }

  forget(stream: WatchStreamState): void {
    if (stream.heapIndex !== NOT_IN_HEAP) this.#timed.remove(stream);
    this.#asking.delete(stream);
  }

  /** Sends the notifications that are due; returns whether it was the time of any stream. */
  tick(nowMs: number): boolean {
    for (let wasDue = false;;) {
      const stream = this.#timed.peek();
      if (stream === undefined || stream.heapKey > nowMs) return wasDue;
      const factor = 1 + this.#jitter * this.#prng.fraction();
      this.#timed.rekey(stream, nowMs + this.#intervalMs * factor);
      if (stream.progressTimed) {
        this.#notifyQuietWatchers(stream);
        wasDue = true;
      }
      stream.progressTimed = true;
    }
  }

  /** The next `answer` is for this stream too. */
  request(stream: WatchStreamState): void {
    this.#asking.add(stream);
  }

  /**
   * Answers the streams that asked and are synced by now; several requests get one answer. A
   * stream without watches gets none, as in etcd.
   */
  answer(): void {
    for (const stream of this.#asking) {
      if (stream.syncedCount < stream.watcherCount || stream.blocked) continue;
      this.#asking.delete(stream);
      if (stream.watcherCount > 0) stream.sink.progress(NO_WATCH_ID, this.#roster.syncedRevision);
    }
  }

  #notifyQuietWatchers(stream: WatchStreamState): void {
    for (const watcher of stream.watchers.values()) {
      if (!watcher.progressNotify) continue;
      const due = watcher.quiet && watcher.state === WatcherState.SYNCED && !stream.blocked;
      watcher.quiet = true;
      if (due) stream.sink.progress(watcher.id, this.#roster.syncedRevision);
    }
  }
}
