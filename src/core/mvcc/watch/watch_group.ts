import { IntervalTree, NO_END } from "../../../base/interval_tree.ts";
import { addWatcher, removeWatcher, type Watcher, WatcherState } from "./watch_watcher.ts";

/** What a watcher wants to see. Watchers that want the same get the same bytes. */
export interface WatchShape {
  readonly key: string;
  /** "" for the one key, "\0" for all keys from `key` on. */
  readonly rangeEnd: string;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
}

/** All watchers of one shape. */
export class WatchGroup implements WatchShape {
  readonly key: string;
  readonly rangeEnd: string;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
  /** The synced watchers. During a walk there may be others among them that have just left. */
  readonly members: Watcher[] = [];
  /** Watchers of this shape in any state. */
  watcherCount = 0;
  /** Indices of this group's events in the batch that is being put together. */
  readonly events: number[] = [];
  /** The last sweep of the catching up that has a watcher of this group on board. */
  sweep = 0;
  #walking = false;
  #departed = false;

  constructor(shape: WatchShape) {
    this.key = shape.key;
    this.rangeEnd = shape.rangeEnd;
    this.noPut = shape.noPut;
    this.noDelete = shape.noDelete;
    this.prevKv = shape.prevKv;
  }

  hasShape(shape: WatchShape): boolean {
    return this.noPut === shape.noPut && this.noDelete === shape.noDelete &&
      this.prevKv === shape.prevKv && this.key === shape.key && this.rangeEnd === shape.rangeEnd;
  }

  add(watcher: Watcher): void {
    addWatcher(this.members, watcher);
  }

  /** Whoever leaves during a walk stays in the list, in another state, until the walk ends. */
  remove(watcher: Watcher): void {
    if (this.#walking) this.#departed = true;
    else removeWatcher(this.members, watcher);
  }

  /** From here to `endWalk` the members keep their places. */
  beginWalk(): void {
    this.#walking = true;
  }

  endWalk(): void {
    this.#walking = false;
    if (!this.#departed) return;
    this.#departed = false;
    const { members } = this;
    let kept = 0;
    for (const watcher of members) {
      if (watcher.state !== WatcherState.SYNCED) continue;
      members[kept] = watcher;
      watcher.position = kept++;
    }
    members.length = kept;
  }
}

/** Finds the groups that a key belongs to. */
export class WatchIndex {
  readonly #byKey = new Map<string, WatchGroup[]>();
  readonly #byRange = new IntervalTree<WatchGroup[]>();

  /** The group of a shape, made if it is the first watcher's; the caller is counted as one more. */
  acquire(shape: WatchShape): WatchGroup {
    const groups = this.#groupsOf(shape) ?? this.#addGroupsOf(shape);
    let group = groups.find((candidate) => candidate.hasShape(shape));
    if (group === undefined) {
      group = new WatchGroup(shape);
      groups.push(group);
    }
    group.watcherCount++;
    return group;
  }

  /** The counterpart of `acquire`; the last watcher takes the group with it. */
  release(group: WatchGroup): void {
    if (--group.watcherCount > 0) return;
    const groups = this.#groupsOf(group) ?? [];
    groups.splice(groups.indexOf(group), 1);
    if (groups.length > 0) return;
    if (group.rangeEnd === "") this.#byKey.delete(group.key);
    else this.#byRange.delete(group.key, intervalEnd(group));
  }

  /** Appends all groups that the key belongs to, with several lists for several ranges. */
  collect(key: string, found: WatchGroup[][]): void {
    const groups = this.#byKey.get(key);
    if (groups !== undefined) found.push(groups);
    if (this.#byRange.size > 0) this.#byRange.collect(key, found);
  }

  #groupsOf(shape: WatchShape): WatchGroup[] | undefined {
    return shape.rangeEnd === ""
      ? this.#byKey.get(shape.key)
      : this.#byRange.get(shape.key, intervalEnd(shape));
  }

  #addGroupsOf(shape: WatchShape): WatchGroup[] {
    const groups: WatchGroup[] = [];
    if (shape.rangeEnd === "") this.#byKey.set(shape.key, groups);
    else this.#byRange.set(shape.key, intervalEnd(shape), groups);
    return groups;
  }
}

function intervalEnd(shape: WatchShape): string {
  return shape.rangeEnd === "\0" ? NO_END : shape.rangeEnd;
}
