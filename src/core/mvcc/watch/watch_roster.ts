import { Heap } from "../../../base/heap.ts";
import type { ChangeLog } from "../change.ts";
import { WatchIndex } from "./watch_group.ts";
import type { WatchStreamState } from "./watch_stream.ts";
import { type Watcher, WatcherState } from "./watch_watcher.ts";

/** Knows of every watcher where it stands; the only place where watchers change their state. */
export class WatchRoster {
  log: ChangeLog;
  /** Synced watchers have everything up to this revision. */
  syncedRevision: number;
  readonly index = new WatchIndex();
  /** Streams with laggards and room, in the order in which they are served. */
  readonly runnable = new Set<WatchStreamState>();
  syncedCount = 0;
  laggingCount = 0;
  /** Events handed to sinks since the start. */
  deliveredEventCount = 0;
  /** Responses in which they were; one in fragments counts once. */
  deliveredResponseCount = 0;
  readonly #future = new Heap<Watcher>();

  constructor(log: ChangeLog) {
    this.log = log;
    this.syncedRevision = log.currentRevision;
  }

  get watcherCount(): number {
    return this.syncedCount + this.laggingCount + this.#future.size;
  }

  /** Takes in a new watcher, which gets what is from `startRevision` on; 0 is from now on. */
  admit(watcher: Watcher, startRevision: number): void {
    watcher.stream.watchers.set(watcher.id, watcher);
    if (startRevision === 0) this.#enterSynced(watcher);
    else if (startRevision <= this.syncedRevision) this.#enterLagging(watcher, startRevision);
    else this.#enterFuture(watcher, startRevision);
  }

  /** A synced watcher misses what is from `nextRevision` on. */
  fallBehind(watcher: Watcher, nextRevision: number): void {
    this.#leave(watcher);
    this.#enterLagging(watcher, nextRevision);
  }

  /** A laggard has been brought to the synced revision. */
  catchUpDone(watcher: Watcher): void {
    this.#leave(watcher);
    this.#enterSynced(watcher);
  }

  /** Nobody hears of the watcher again. */
  dismiss(watcher: Watcher): void {
    this.#leave(watcher);
    watcher.state = WatcherState.CANCELED;
    watcher.stream.watchers.delete(watcher.id);
    this.index.release(watcher.group);
  }

  /** Those who waited for exactly this revision, which is about to be delivered, are synced. */
  startWatchersAt(revision: number): void {
    for (;;) {
      const watcher = this.#future.peek();
      if (watcher === undefined || watcher.nextRevision > revision) return;
      this.#leave(watcher);
      this.#enterSynced(watcher);
    }
  }

  /** Those whose revision was passed in the middle of a batch get it from the log. */
  startPassedWatchers(): void {
    for (;;) {
      const watcher = this.#future.peek();
      if (watcher === undefined || watcher.nextRevision > this.syncedRevision) return;
      this.#leave(watcher);
      this.#enterLagging(watcher, watcher.nextRevision);
    }
  }

  #enterSynced(watcher: Watcher): void {
    watcher.state = WatcherState.SYNCED;
    watcher.group.add(watcher);
    watcher.stream.syncedCount++;
    this.syncedCount++;
  }

  #enterLagging(watcher: Watcher, nextRevision: number): void {
    const { stream } = watcher;
    watcher.state = WatcherState.LAGGING;
    watcher.nextRevision = nextRevision;
    stream.addLaggard(watcher);
    this.laggingCount++;
    if (stream.runnable) this.runnable.add(stream);
  }

  #enterFuture(watcher: Watcher, startRevision: number): void {
    watcher.state = WatcherState.FUTURE;
    watcher.nextRevision = startRevision;
    this.#future.push(watcher, startRevision);
  }

  #leave(watcher: Watcher): void {
    const { stream } = watcher;
    if (watcher.state === WatcherState.SYNCED) {
      watcher.group.remove(watcher);
      stream.syncedCount--;
      this.syncedCount--;
    } else if (watcher.state === WatcherState.LAGGING) {
      stream.removeLaggard(watcher);
      this.laggingCount--;
      if (!stream.runnable) this.runnable.delete(stream);
    } else if (watcher.state === WatcherState.FUTURE) {
      this.#future.remove(watcher);
    }
  }
}
