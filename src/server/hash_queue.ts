import { BucketCounts, exponentialBounds } from "../base/bucket_counts.ts";
import type { Clock } from "../base/clock.ts";
import { ETCD_ERRORS, EtcdError } from "../core/errors.ts";
import type { HashKv } from "../core/mvcc/hash_kv.ts";
import type { Store } from "../core/mvcc/store.ts";
import { BackgroundWork } from "./background.ts";
import { SERVER_LIMITS } from "./limits.ts";

/** What the store held up to a revision, as a number. */
export interface HashedRevision {
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
}

/** Who waits for a hash; exactly one of the two is called, once, unless the request is taken back. */
export interface HashWaiter {
  /** `currentRevision` is the store's when hashing began. */
  hashed(hash: HashedRevision, currentRevision: number): void;
  failed(error: EtcdError): void;
}

/** A wish for a hash. */
export interface HashRequest {
  /** The revision to hash at; 0 is the current one when its turn comes. */
  readonly revision: number;
  readonly waiter: HashWaiter;
}

interface RunningHash {
  readonly request: HashRequest;
  readonly hash: HashKv;
  readonly currentRevision: number;
  readonly startedMs: number;
}

/**
 * Hashes the store in slices. Compactions wait for a hash, so there is one hash at a time and room
 * between two for a slice of compaction.
 */
export class HashQueue {
  /** How long hashes took in seconds, in the buckets of etcd's histogram. */
  readonly durations = new BucketCounts(exponentialBounds(0.01, 2, 15));
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #waiting: HashRequest[] = [];
  readonly #work: BackgroundWork;
  #running: RunningHash | undefined;

  constructor(store: Store, clock: Clock, failed: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#work = new BackgroundWork(() => this.#slice(), failed, clock);
  }

  add(request: HashRequest): void {
    this.#waiting.push(request);
    this.#work.wake();
  }

  /** Takes a request back; harmless once it is answered. */
  cancel(request: HashRequest): void {
    const index = this.#waiting.indexOf(request);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (this.#running?.request === request) this.#giveUp(this.#running);
  }

  /** Hashes nothing more; who waits gets etcd's error. */
  stop(): void {
    this.#work.stop();
    if (this.#running !== undefined) {
      this.#running.request.waiter.failed(ETCD_ERRORS.stopped);
      this.#giveUp(this.#running);
    }
    for (const { waiter } of this.#waiting.splice(0)) waiter.failed(ETCD_ERRORS.stopped);
  }

  #giveUp(running: RunningHash): void {
    running.hash.cancel();
    this.#running = undefined;
  }

  /** Returns whether there is more to do. */
  #slice(): boolean {
    this.#running ??= this.#next();
    const running = this.#running;
    if (running === undefined) return false;
    if (running.hash.step(SERVER_LIMITS.hashStepsPerSlice)) return true;
    this.#running = undefined;
    this.durations.add((this.#clock.monotonicMs() - running.startedMs) / 1000);
    running.request.waiter.hashed(running.hash, running.currentRevision);
    return this.#waiting.length > 0;
  }

  /** Begins with the first request that can be met. */
  #next(): RunningHash | undefined {
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      const known = this.#knownHash(request.revision);
      if (known !== undefined) {
        request.waiter.hashed(known, this.#store.currentRevision);
        continue;
      }
      try {
        const hash = this.#store.hashKv(request.revision);
        const { currentRevision } = this.#store;
        return { request, hash, currentRevision, startedMs: this.#clock.monotonicMs() };
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        request.waiter.failed(error);
      }
    }
    return undefined;
  }

  /** As in etcd, what was hashed at a compaction is what its revision is asked for. */
  #knownHash(revision: number): HashedRevision | undefined {
    const made = this.#store.compactionHashes.findLast((hash) => hash.revision === revision);
    if (made === undefined) return undefined;
    const { hash, compactRevision } = made;
    return { hash, hashRevision: revision, compactRevision };
  }
}
