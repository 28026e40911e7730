import { Writer } from "../../../pb/writer.ts";
import type { Change } from "../change.ts";
import { type EncodedEvents, EventBuffer, EventsView } from "./watch_event.ts";
import type { WatchGroup } from "./watch_group.ts";

/** For a batch that goes to the members of the groups, not to the passengers of a sweep. */
export const LIVE = 0;

/**
 * The events of one pass over the log: encoded once for all groups that want them, without and
 * with the previous pair, and sorted by group.
 */
export class WatchBatch {
  readonly #plain = new EventBuffer();
  readonly #withPrevious = new EventBuffer();
  readonly #gathered = new Writer();
  readonly #view = new EventsView();
  #shownGroup: WatchGroup | undefined;
  #shownFirst = 0;
  /** The groups that have events. */
  readonly touched: WatchGroup[] = [];

  get sizeBytes(): number {
    return this.#plain.sizeBytes + this.#withPrevious.sizeBytes;
  }

  /** Adds a change for the groups that want it and take part in the sweep. */
  add(change: Change, groupLists: readonly WatchGroup[][], sweep: number): void {
    let plain = -1;
    let withPrevious = -1;
    for (let i = 0; i < groupLists.length; i++) {
      const groups = groupLists[i];
      for (let k = 0; k < groups.length; k++) {
        const group = groups[k];
        if (!wants(group, change, sweep)) continue;
        if (group.events.length === 0) this.touched.push(group);
        if (group.prevKv) {
          if (withPrevious < 0) withPrevious = this.#appendWithPrevious(change);
          group.events.push(withPrevious);
        } else {
          if (plain < 0) plain = this.#plain.append(change, undefined);
          group.events.push(plain);
        }
      }
    }
  }

  /** The group's events from a revision on. What is shown is valid until the next call. */
  show(group: WatchGroup, fromRevision: number): EncodedEvents {
    const buffer = group.prevKv ? this.#withPrevious : this.#plain;
    const indices = group.events;
    let first = 0;
    while (first < indices.length && buffer.revisionAt(indices[first]) < fromRevision) first++;
    if (this.#shownGroup === group && this.#shownFirst === first) return this.#view;
    this.#shownGroup = group;
    this.#shownFirst = first;
    if (first === indices.length) this.#view.count = 0;
    else buffer.show(indices, first, this.#gathered, this.#view);
    return this.#view;
  }

  reset(): void {
    for (const group of this.touched) group.events.length = 0;
    this.touched.length = 0;
    this.#plain.reset();
    this.#withPrevious.reset();
    this.#shownGroup = undefined;
  }

  #appendWithPrevious(change: Change): number {
    return this.#withPrevious.append(change, change.created ? undefined : change.previous());
  }
}

function wants(group: WatchGroup, change: Change, sweep: number): boolean {
  if (change.deleted ? group.noDelete : group.noPut) return false;
  return sweep === LIVE ? group.members.length > 0 : group.sweep === sweep;
}
