import { WatchBatch } from "./watch_batch.ts";
import type { Change } from "../change.ts";
import type { WatchDelivery } from "./watch_delivery.ts";
import type { WatchGroup } from "./watch_group.ts";
import type { WatchLimits } from "./watch_limits.ts";
import type { WatchRoster } from "./watch_roster.ts";
import type { WatchStreamState } from "./watch_stream.ts";
import { type Watcher, WatcherState } from "./watch_watcher.ts";

/**
 * Brings laggards up to date from the log, in slices, one stream after the other. Nothing is
 * queued for them: a laggard is only the revision that it needs next.
 */
export class WatchCatchUp {
  readonly #roster: WatchRoster;
  readonly #delivery: WatchDelivery;
  readonly #limits: WatchLimits;
  readonly #batch = new WatchBatch();
  readonly #passengers: Watcher[] = [];
  readonly #groupLists: WatchGroup[][] = [];
  #sweep = 0;
  #steps = 0;

  constructor(roster: WatchRoster, delivery: WatchDelivery, limits: WatchLimits) {
    this.#roster = roster;
    this.#delivery = delivery;
    this.#limits = limits;
  }

  /** Does so many steps of work, or a little more; a step is about one change read. */
  run(budgetSteps: number): void {
    this.#steps = 0;
    while (this.#steps < budgetSteps) {
      const stream = firstOf(this.#roster.runnable);
      if (stream === undefined) return;
      this.#serve(stream);
    }
  }

  /** One turn of one stream, which then goes to the end of the queue. */
  #serve(stream: WatchStreamState): void {
    const { runnable } = this.#roster;
    const laggard = stream.pickLaggard();
    this.#steps++;
    if (laggard.nextRevision < this.#roster.log.compactedRevision) this.#giveUp(laggard);
    else if (laggard.group.rangeEnd === "") this.#followKey(laggard);
    else this.#sweepWith(laggard);
    stream.markServed();
    if (runnable.delete(stream)) runnable.add(stream);
  }

  /** Compaction has overtaken the watcher: what it needs is no longer there. */
  #giveUp(laggard: Watcher): void {
    const { sink } = laggard.stream;
    this.#roster.dismiss(laggard);
    sink.canceled(laggard.id, this.#roster.log.compactedRevision, "");
  }

  /** The store finds the changes of one key by itself, so that nobody else's are read. */
  #followKey(laggard: Watcher): void {
    const { log, syncedRevision } = this.#roster;
    const groupLists = this.#groupLists;
    groupLists.length = 0;
    groupLists.push([laggard.group]);
    laggard.group.sweep = ++this.#sweep;
    const collector = new SliceCollector(this.#batch, this.#sweep, this.#limits, syncedRevision);
    log.scanRange(laggard.group.key, "", laggard.nextRevision, syncedRevision, (change) => {
      return collector.add(change, groupLists);
    });
    this.#steps += collector.changeCount;
    this.#bring(laggard, collector.lastRevision);
    this.#batch.reset();
  }

  /** Reads a piece of the log from the laggard's revision on, for all whose revision lies in it. */
  #sweepWith(laggard: Watcher): void {
    const { log, index, syncedRevision } = this.#roster;
    const from = laggard.nextRevision;
    const to = Math.min(from + this.#limits.sliceChanges - 1, syncedRevision);
    this.#board(laggard, from, to);
    const groupLists = this.#groupLists;
    const collector = new SliceCollector(this.#batch, this.#sweep, this.#limits, to);
    log.scan(from, to, (change) => {
      groupLists.length = 0;
      index.collect(change.key, groupLists);
      return collector.add(change, groupLists);
    });
    this.#steps += collector.changeCount;
    for (const passenger of this.#passengers) this.#bring(passenger, collector.lastRevision);
    this.#passengers.length = 0;
    this.#batch.reset();
  }

  /** Finds everybody whose next revision is between `from` and `to`, `first` in front. */
  #board(first: Watcher, from: number, to: number): void {
    this.#sweep++;
    this.#takeAboard(first);
    let looks = 0;
    for (const stream of this.#roster.runnable) {
      looks += stream.laggards.length;
      for (const laggard of stream.laggards) {
        const next = laggard.nextRevision;
        if (next >= from && next <= to && laggard !== first) this.#takeAboard(laggard);
      }
    }
    this.#steps += looks / this.#limits.looksPerStep;
  }

  #takeAboard(laggard: Watcher): void {
    laggard.group.sweep = this.#sweep;
    this.#passengers.push(laggard);
  }

  /**
   * Delivers what the batch has for a laggard up to `revision`. A stream that filled up on the
   * way keeps its other passengers where they were.
   */
  #bring(laggard: Watcher, revision: number): void {
    const { stream, group } = laggard;
    if (laggard.state !== WatcherState.LAGGING || stream.blocked) return;
    if (laggard.nextRevision > revision) return;
    const events = this.#batch.show(group, laggard.nextRevision);
    laggard.nextRevision = revision + 1;
    if (events.count > 0) {
      this.#steps += 1 + (events.end - events.start) / this.#limits.bytesPerStep;
      this.#delivery.deliver(laggard, revision, events);
      if (laggard.state !== WatcherState.LAGGING) return;
    }
    if (revision === this.#roster.syncedRevision) this.#roster.catchUpDone(laggard);
  }
}

/** Collects changes until the slice is full, and knows how far it came. */
class SliceCollector {
  readonly #batch: WatchBatch;
  readonly #sweep: number;
  readonly #limits: WatchLimits;
  /** The slice is complete up to here. */
  lastRevision: number;
  changeCount = 0;

  constructor(batch: WatchBatch, sweep: number, limits: WatchLimits, to: number) {
    this.#batch = batch;
    this.#sweep = sweep;
    this.#limits = limits;
    this.lastRevision = to;
  }

  /** False when the slice is to end with the change's revision. */
  add(change: Change, groupLists: readonly WatchGroup[][]): boolean {
    this.changeCount++;
    this.#batch.add(change, groupLists, this.#sweep);
    const full = this.changeCount >= this.#limits.sliceChanges ||
      this.#batch.sizeBytes >= this.#limits.responseSoftBytes;
    if (full) this.lastRevision = change.revision;
    return !full;
  }
}

function firstOf<T>(set: ReadonlySet<T>): T | undefined {
  for (const item of set) return item;
  return undefined;
}
