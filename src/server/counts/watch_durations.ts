import type { WatchHub } from "../../core/mvcc/watch/watch_hub.ts";
import { newDurations } from "./duration_bounds.ts";

/**
 * How long it takes to serve watchers. Many responses go out in one turn, in which each counts as
 * an equal part.
 */
export class WatchDurations {
  /** One response with events. */
  readonly responses = newDurations();
  /** One event, on the average of a response and counted once for it. */
  readonly events = newDurations();
  /** One request of a client, with the answer to it. */
  readonly controls = newDurations();
  /** Telling quiet watchers how far they are, once it is due. */
  readonly notifications = newDurations();

  /** Has the hub deliver; returns whether there is more to do. */
  deliver(hub: WatchHub, nowMs: () => number, deliver: () => boolean): boolean {
    if (hub.watcherCount === 0) return deliver();
    const { deliveredResponseCount, deliveredEventCount } = hub;
    const startedMs = nowMs();
    const more = deliver();
    const responseCount = hub.deliveredResponseCount - deliveredResponseCount;
    if (responseCount === 0) return more;
    const seconds = (nowMs() - startedMs) / 1000;
    const eventCount = hub.deliveredEventCount - deliveredEventCount;
    this.responses.addMany(seconds / responseCount, responseCount);
    this.events.addMany(seconds / eventCount, responseCount);
    return more;
  }
}
