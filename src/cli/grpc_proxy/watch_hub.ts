import type { Clock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { Broadcast, type BroadcastMember, type WatchShape } from "./broadcast.ts";
import type { Namespace } from "./namespace.ts";
import type { Upstream } from "./upstream.ts";

/** Finds one watch at the servers for many watches of clients. */
export class ProxyWatchHub {
  readonly #surroundings: ConstructorParameters<typeof Broadcast>[2];
  readonly #byShape = new Map<string, Set<Broadcast>>();
  readonly #homes = new Map<BroadcastMember, Broadcast>();
  /** Events that were sent more often than they came. */
  coalescedEventCount = 0;

  constructor(upstream: Upstream, namespace: Namespace, clock: Clock) {
    const hooks = {
      moved: (broadcast: Broadcast) => this.#coalesce(broadcast),
      ended: (broadcast: Broadcast) => this.#forget(broadcast),
      coalesced: (count: number) => {
        this.coalescedEventCount += count;
      },
    };
    this.#surroundings = { upstream, namespace, clock, hooks };
  }

  /** Watches of clients that need none of their own at the servers. */
  get coalescedWatcherCount(): number {
    let broadcastCount = 0;
    for (const broadcasts of this.#byShape.values()) broadcastCount += broadcasts.size;
    return this.#homes.size - broadcastCount;
  }

  /** Begins to feed a watch. One with a `nextRevision` of 0 begins now, which it is told. */
  join(member: BroadcastMember, shape: WatchShape): void {
    const broadcasts = this.#broadcastsOf(shape);
    const { nextRevision } = member;
    const home = [...broadcasts].find((broadcast) => canFeed(broadcast, nextRevision)) ??
      this.#newBroadcast(broadcasts, shape, nextRevision);
    home.members.add(member);
    this.#homes.set(member, home);
    if (!home.isCreated) return;
    member.nextRevision ||= home.nextRevision;
    member.created(home.header);
  }

  /** Stops to feed a watch. */
  leave(member: BroadcastMember): void {
    const home = this.#homes.get(member);
    this.#homes.delete(member);
    home?.members.delete(member);
    if (home === undefined || home.members.size > 0) return;
    home.close();
    this.#forget(home);
  }

  /** Ends all watches, those at the servers and those of clients, who may go to another proxy. */
  close(): void {
    for (const broadcasts of this.#byShape.values()) {
      for (const broadcast of broadcasts) broadcast.close();
    }
    const members = [...this.#homes.keys()];
    this.#byShape.clear();
    this.#homes.clear();
    for (const member of members) member.failed(GrpcCode.Unavailable, "the proxy stops");
  }

  #broadcastsOf(shape: WatchShape): Set<Broadcast> {
    const key = keyOf(shape);
    const known = this.#byShape.get(key) ?? new Set();
    this.#byShape.set(key, known);
    return known;
  }

  #newBroadcast(broadcasts: Set<Broadcast>, shape: WatchShape, startRevision: number): Broadcast {
    const broadcast = new Broadcast(shape, startRevision, this.#surroundings);
    broadcasts.add(broadcast);
    return broadcast;
  }

  /** Two that have come equally far are one too many. */
  #coalesce(moved: Broadcast): void {
    if (!moved.isCurrent) return;
    // One that nobody is left to hear is forgotten already.
    for (const other of this.#byShape.get(keyOf(moved.shape)) ?? []) {
      const isFeedable = other !== moved && other.isCreated && other.isCurrent &&
        other.nextRevision <= moved.nextRevision;
      if (!isFeedable) continue;
      for (const member of moved.members) {
        other.members.add(member);
        this.#homes.set(member, other);
      }
      moved.members.clear();
      moved.close();
      this.#forget(moved);
      return;
    }
  }

  #forget(broadcast: Broadcast): void {
    const key = keyOf(broadcast.shape);
    const broadcasts = this.#byShape.get(key);
    broadcasts?.delete(broadcast);
    if (broadcasts?.size === 0) this.#byShape.delete(key);
    for (const member of broadcast.members) this.#homes.delete(member);
  }
}

/** Whether a broadcast will bring all from a revision on, and soon. */
function canFeed(broadcast: Broadcast, nextRevision: number): boolean {
  if (!broadcast.isCurrent) return false;
  if (nextRevision === 0) return true;
  return broadcast.isCreated && broadcast.nextRevision <= nextRevision;
}

function keyOf({ caller, request }: WatchShape): string {
  const { key, rangeEnd, filters, prevKv } = request;
  return JSON.stringify([caller.key, key, rangeEnd, [...filters].sort(), prevKv]);
}
