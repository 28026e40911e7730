import { type HeapItem, NOT_IN_HEAP } from "../../base/heap.ts";

/** A lease as others see it. */
export interface Lease {
  readonly id: bigint;
  /** The time to live that was granted. */
  readonly ttlSeconds: number;
  /** What was left at the last checkpoint; 0 if there was none since the last renewal. */
  readonly remainingTtlSeconds: number;
}

/** A lease as the lessor keeps it. Its place in the heap is by the expiry as it once was. */
export class HeldLease implements Lease, HeapItem {
  readonly id: bigint;
  readonly ttlSeconds: number;
  remainingTtlSeconds: number;
  /** Infinity while this member is not the one that decides about expiry. */
  expiryMs = Infinity;
  /** Made for the first key; most leases of a crowd never get one. */
  keys: Set<string> | undefined = undefined;
  checkpoint: CheckpointTimer | undefined = undefined;
  /** Whether somebody who stores leases knows of this ID, and must hear of its end. */
  isStored: boolean;
  heapKey = 0;
  heapIndex = NOT_IN_HEAP;

  constructor(id: bigint, ttlSeconds: number, remainingTtlSeconds: number, isStored: boolean) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.remainingTtlSeconds = remainingTtlSeconds;
    this.isStored = isStored;
  }

  /** What a new leader has to grant the owner: the rest at the checkpoint, or all of it. */
  get effectiveTtlSeconds(): number {
    return this.remainingTtlSeconds > 0 ? this.remainingTtlSeconds : this.ttlSeconds;
  }

  /** The keys in the order of their bytes. */
  sortedKeys(): string[] {
    return this.keys === undefined ? [] : [...this.keys].sort();
  }
}

/** Says when a lease is to be checkpointed next. */
export class CheckpointTimer implements HeapItem {
  readonly lease: HeldLease;
  heapKey = 0;
  heapIndex = NOT_IN_HEAP;

  constructor(lease: HeldLease) {
    this.lease = lease;
  }
}
