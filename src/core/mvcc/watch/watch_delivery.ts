import { type EncodedEvents, entryEnd, EventsView } from "./watch_event.ts";
import type { WatchRoster } from "./watch_roster.ts";
import type { Watcher } from "./watch_watcher.ts";

/** Hands events to the sinks, in fragments where they were asked for and are needed. */
export class WatchDelivery {
  readonly #roster: WatchRoster;
  readonly #fragmentFromBytes: number;
  readonly #fragment = new EventsView();

  /** Events of `fragmentFromBytes` or more are too large for one response. */
  constructor(roster: WatchRoster, fragmentFromBytes: number) {
    this.#roster = roster;
    this.#fragmentFromBytes = fragmentFromBytes;
  }

  /** The watcher's stream may be blocked afterwards. */
  deliver(watcher: Watcher, revision: number, events: EncodedEvents): void {
    watcher.quiet = false;
    this.#roster.deliveredEventCount += events.count;
    this.#roster.deliveredResponseCount++;
    const { stream } = watcher;
    const tooLarge = events.end - events.start >= this.#fragmentFromBytes;
    const more = tooLarge && watcher.fragment
      ? this.#deliverFragments(watcher, revision, events)
      : stream.sink.events(watcher, revision, events, false);
    if (more) return;
    stream.markBlocked();
    this.#roster.runnable.delete(stream);
  }

  /** All fragments go out at once: what has begun is not left half said, full or not. */
  #deliverFragments(watcher: Watcher, revision: number, events: EncodedEvents): boolean {
    const { sink } = watcher.stream;
    const fragment = this.#fragment;
    fragment.bytes = events.bytes;
    fragment.start = events.start;
    fragment.end = events.start;
    fragment.count = 0;
    while (fragment.end < events.end) {
      const end = entryEnd(events.bytes, fragment.end);
      if (fragment.count > 0 && end - fragment.start >= this.#fragmentFromBytes) {
        sink.events(watcher, revision, fragment, true);
        fragment.start = fragment.end;
        fragment.count = 0;
      }
      fragment.end = end;
      fragment.count++;
    }
    return sink.events(watcher, revision, fragment, false);
  }
}
