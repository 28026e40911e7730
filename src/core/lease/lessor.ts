import { Heap, NOT_IN_HEAP } from "../../base/heap.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { CheckpointTimer, HeldLease, type Lease } from "./lease.ts";
import { LEASE_LIMITS } from "./limits.ts";

interface LessorOptions {
  /** Shorter requests are granted this much: a lease must outlive an election. */
  readonly minTtlSeconds: number;
  /** How long after a grant, renewal or checkpoint the next checkpoint is due; 0 is never. */
  readonly checkpointIntervalMs?: number;
  /** Whether a checkpoint is a change that `takeChanged` tells. Default true. */
  readonly storeCheckpoints?: boolean;
}

/** How much of a lease is left. */
interface LeaseTimes {
  /** Whole seconds, rounded down; never negative. */
  readonly remainingSeconds: number;
  readonly grantedSeconds: number;
}

/** What a leader tells the others about a lease that runs for long. */
export interface LeaseCheckpoint {
  readonly id: bigint;
  readonly remainingTtlSeconds: number;
}

/**
 * Leases, the keys on them, and which of them have run out. Grants, revocations and checkpoints
 * come from the log and are the same on every member; expiry exists only on the primary (the
 * leader), between `promote` and `demote`, in its own time. It starts as not primary.
 */
export class Lessor {
  readonly #minTtlSeconds: number;
  readonly #checkpointIntervalMs: number;
  readonly #storeCheckpoints: boolean;
  readonly #leases = new Map<bigint, HeldLease>();
  /**
   * The leases by expiry. A renewal moves a lease later without touching the heap; the lease gets
   * its right place when it comes to the top too early.
   */
  readonly #byExpiry = new Heap<HeldLease>();
  readonly #checkpoints = new Heap<CheckpointTimer>();
  /** What `takeChanged` is to tell: leases to store anew, and stored ones that are gone. */
  readonly #changed = new Set<bigint>();
  #primary = false;

  constructor(options: LessorOptions) {
    this.#minTtlSeconds = options.minTtlSeconds;
    this.#checkpointIntervalMs = options.checkpointIntervalMs ?? 0;
    this.#storeCheckpoints = options.storeCheckpoints ?? true;
  }

  /** Whether this member decides about expiry. */
  get primary(): boolean {
    return this.#primary;
  }

  /** How many leases there are. */
  get size(): number {
    return this.#leases.size;
  }

  /** Makes a lease. Throws leaseNotFound for the ID 0, leaseTTLTooLarge and leaseExist. */
  grant(id: bigint, ttlSeconds: number, nowMs: number): Lease {
    if (id === 0n) throw ETCD_ERRORS.leaseNotFound;
    if (ttlSeconds > LEASE_LIMITS.maxTtlSeconds) throw ETCD_ERRORS.leaseTTLTooLarge;
    if (this.#leases.has(id)) throw ETCD_ERRORS.leaseExist;
    // An ID that is gone but still stored is stored anew.
    const isStored = this.#changed.has(id);
    const lease = new HeldLease(id, Math.max(ttlSeconds, this.#minTtlSeconds), 0, isStored);
    this.#leases.set(id, lease);
    this.#changed.add(id);
    if (this.#primary) this.#schedule(lease, nowMs + lease.ttlSeconds * 1000, nowMs);
    return lease;
  }

  /**
   * Puts back a lease that was stored. Elections may take longer now than when it was granted, and
   * then it gets more. It expires only after the next `promote`.
   */
  restore({ id, ttlSeconds: storedSeconds, remainingTtlSeconds }: Lease): void {
    const ttlSeconds = Math.max(storedSeconds, this.#minTtlSeconds);
    this.#leases.set(id, new HeldLease(id, ttlSeconds, remainingTtlSeconds, true));
  }

  /** Ends a lease and returns its keys, sorted, which are to be deleted. Throws leaseNotFound. */
  revoke(id: bigint): string[] {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw ETCD_ERRORS.leaseNotFound;
    this.#leases.delete(id);
    // A lease that came and went between two looks leaves nothing behind: otherwise all that ever
    // were would pile up in a server that stores nothing.
    if (lease.isStored) this.#changed.add(id);
    else this.#changed.delete(id);
    if (lease.heapIndex !== NOT_IN_HEAP) this.#byExpiry.remove(lease);
    this.#unscheduleCheckpoint(lease);
    return lease.sortedKeys();
  }

  /**
   * A keep-alive: the lease lives for its whole time again. Returns that time in seconds; 0 if
   * the lease has run out and waits to be revoked, which a renewal cannot avert; undefined if
   * there is none. Throws notLeader when not primary. A checkpointed lease
   * (`remainingTtlSeconds` > 0) that is renewed needs a checkpoint of 0 through the log as well.
   */
  renew(id: bigint, nowMs: number): number | undefined {
    if (!this.#primary) throw ETCD_ERRORS.notLeader;
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    if (lease.expiryMs <= nowMs) return 0;
    const expiryMs = nowMs + lease.ttlSeconds * 1000;
    lease.expiryMs = expiryMs;
    // Only a lease that a new leader gave more than its time to can get less by a renewal.
    if (expiryMs < lease.heapKey) this.#byExpiry.rekey(lease, expiryMs);
    return lease.ttlSeconds;
  }

  /** When not primary, all that would be left to a new leader; undefined if there is no such lease. */
  timeToLive(id: bigint, nowMs: number): LeaseTimes | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const remainingSeconds = this.#primary
      ? Math.max(0, Math.floor((lease.expiryMs - nowMs) / 1000))
      : lease.effectiveTtlSeconds;
    return { remainingSeconds, grantedSeconds: lease.ttlSeconds };
  }

  /** The IDs of all leases, the one that ends first in front. */
  leases(): bigint[] {
    return this.#sortedByExpiry().map((lease) => lease.id);
  }

  /** All leases in no special order, to be stored. */
  all(): Iterable<Lease> {
    return this.#leases.values();
  }

  /**
   * The IDs of the leases that were granted, checkpointed or revoked since the last call, each
   * once: one that `get` does not find is gone. Whoever calls it stores them.
   */
  takeChanged(): bigint[] {
    const ids = [...this.#changed];
    this.#changed.clear();
    for (const id of ids) {
      const lease = this.#leases.get(id);
      if (lease !== undefined) lease.isStored = true;
    }
    return ids;
  }

  get(id: bigint): Lease | undefined {
    return this.#leases.get(id);
  }

  /** The keys on a lease, sorted; none if there is no such lease. */
  keys(id: bigint): string[] {
    return this.#leases.get(id)?.sortedKeys() ?? [];
  }

  /** The same in no special order, without a copy of them. */
  attachedKeys(id: bigint): Iterable<string> {
    return this.#leases.get(id)?.keys ?? NO_KEYS;
  }

  has(id: bigint): boolean {
    return this.#leases.has(id);
  }

  attach(id: bigint, key: string): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw ETCD_ERRORS.leaseNotFound;
    lease.keys ??= new Set();
    lease.keys.add(key);
  }

  detach(id: bigint, key: string): void {
    this.#leases.get(id)?.keys?.delete(key);
  }

  /**
   * Up to `limit` leases that have run out. Each is told once: whoever fails to revoke it gives
   * it back with `requeue`. None when not primary.
   */
  expired(nowMs: number, limit: number): bigint[] {
    const ids: bigint[] = [];
    while (ids.length < limit) {
      const lease = this.#byExpiry.peek();
      if (lease === undefined || lease.heapKey > nowMs) break;
      if (lease.expiryMs > nowMs) {
        this.#byExpiry.rekey(lease, lease.expiryMs);
        continue;
      }
      this.#byExpiry.remove(lease);
      ids.push(lease.id);
    }
    return ids;
  }

  /** `expired` tells the lease again from `dueMs` on; harmless if it is gone or not told yet. */
  requeue(id: bigint, dueMs: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined || !this.#primary || lease.heapIndex !== NOT_IN_HEAP) return;
    this.#byExpiry.push(lease, dueMs);
  }

  /**
   * This member now decides about expiry. It does not know how long ago the leases were renewed,
   * so all of them get their whole time, or what was left at the checkpoint, and `extendMs` more
   * for owners that could not reach a leader.
   */
  promote(nowMs: number, extendMs: number): void {
    this.demote();
    this.#primary = true;
    for (const lease of this.#leases.values()) {
      lease.expiryMs = nowMs + lease.effectiveTtlSeconds * 1000 + extendMs;
    }
    const leases = this.#sortedByExpiry();
    if (leases.length >= LEASE_LIMITS.spreadFromLeases) spreadExpiries(leases);
    for (const lease of leases) this.#schedule(lease, lease.expiryMs, nowMs);
  }

  /** This member no longer decides: nothing expires here. */
  demote(): void {
    this.#primary = false;
    this.#byExpiry.clear();
    this.#checkpoints.clear();
    for (const lease of this.#leases.values()) lease.expiryMs = Infinity;
  }

  /** Applies a checkpoint from the log; 0 takes it back. Harmless if the lease is gone. */
  checkpoint(id: bigint, remainingTtlSeconds: number, nowMs: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.remainingTtlSeconds = remainingTtlSeconds;
    if (this.#storeCheckpoints) this.#changed.add(id);
    if (this.#primary) this.#scheduleCheckpoint(lease, nowMs);
  }

  /** Up to `limit` checkpoints that are to go through the log now. */
  checkpointsDue(nowMs: number, limit: number): LeaseCheckpoint[] {
    const due: LeaseCheckpoint[] = [];
    while (due.length < limit) {
      const timer = this.#checkpoints.peek();
      if (timer === undefined || timer.heapKey > nowMs) break;
      const { lease } = timer;
      // Also if it is told now: should the log refuse it, it comes again.
      this.#checkpoints.rekey(timer, nowMs + this.#checkpointIntervalMs);
      const remainingTtlSeconds = Math.ceil((lease.expiryMs - nowMs) / 1000);
      if (remainingTtlSeconds <= 0 || remainingTtlSeconds >= lease.ttlSeconds) continue;
      due.push({ id: lease.id, remainingTtlSeconds });
    }
    return due;
  }

  #sortedByExpiry(): HeldLease[] {
    return [...this.#leases.values()].sort(compareExpiries);
  }

  #schedule(lease: HeldLease, expiryMs: number, nowMs: number): void {
    lease.expiryMs = expiryMs;
    this.#byExpiry.push(lease, expiryMs);
    this.#scheduleCheckpoint(lease, nowMs);
  }

  /** A lease that ends before its next checkpoint needs none. */
  #scheduleCheckpoint(lease: HeldLease, nowMs: number): void {
    if (this.#checkpointIntervalMs === 0) return;
    this.#unscheduleCheckpoint(lease);
    if (lease.effectiveTtlSeconds * 1000 <= this.#checkpointIntervalMs) return;
    lease.checkpoint ??= new CheckpointTimer(lease);
    this.#checkpoints.push(lease.checkpoint, nowMs + this.#checkpointIntervalMs);
  }

  #unscheduleCheckpoint(lease: HeldLease): void {
    const timer = lease.checkpoint;
    if (timer !== undefined && timer.heapIndex !== NOT_IN_HEAP) this.#checkpoints.remove(timer);
  }
}

const NO_KEYS: readonly string[] = [];

/** Leases that never expire are all alike, so a subtraction would not do. */
function compareExpiries(a: HeldLease, b: HeldLease): number {
  if (a.expiryMs === b.expiryMs) return 0;
  return a.expiryMs < b.expiryMs ? -1 : 1;
}

/**
 * Delays leases, sorted by expiry, so that no second sees more of them end than the allowed rate.
 * Otherwise the owners' renewals, all due at the same time after a change of leader, would find
 * the revocations of a pile in front of them.
 */
function spreadExpiries(leases: readonly HeldLease[]): void {
  const rate = LEASE_LIMITS.spreadExpiriesPerSecond;
  for (let i = rate; i < leases.length; i++) {
    const earliestMs = leases[i - rate].expiryMs + 1000;
    if (leases[i].expiryMs < earliestMs) leases[i].expiryMs = earliestMs;
  }
}
