import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";

/** A read that waits until the state is fresh enough to answer it. */
export interface WaitingRead {
  /** The state now holds everything that was acknowledged before the read came. */
  ready(): void;
  failed(error: EtcdError): void;
}

interface GatedRead {
  readonly read: WaitingRead;
  readonly context: number;
  readonly sinceMs: number;
  /** The index to wait for, once it is confirmed. */
  index: number | undefined;
}

/**
 * Holds linearizable reads until their confirmed read index is applied. All reads that arrive
 * between two rounds share one confirmation.
 */
export class ReadGate {
  #reads: GatedRead[] = [];
  #nextContext = 1;
  /** Reads given up because their confirmation did not come in time. */
  expiredCount = 0;

  /** The context that confirms all reads held now; 0 if none is held. */
  get newestContext(): number {
    return this.#reads.at(-1)?.context ?? 0;
  }

  /** How many reads are held. */
  get count(): number {
    return this.#reads.length;
  }

  /** Since when the oldest read waits that is not confirmed; Infinity if there is none. */
  get oldestUnconfirmedMs(): number {
    return this.#reads.find((gated) => gated.index === undefined)?.sinceMs ?? Infinity;
  }

  add(read: WaitingRead, nowMs: number): void {
    const context = this.#nextContext++;
    this.#reads.push({ read, context, sinceMs: nowMs, index: undefined });
  }

  /** The read with this context, and every one before it, may answer once `index` is applied. */
  confirm(context: number, index: number): void {
    for (const gated of this.#reads) {
      if (gated.context > context) break;
      gated.index ??= index;
    }
  }

  /** Lets every read go whose index is applied. */
  release(appliedIndex: number): void {
    if (this.#reads.length === 0) return;
    const released: GatedRead[] = [];
    this.#reads = this.#reads.filter((gated) => {
      const due = gated.index !== undefined && gated.index <= appliedIndex;
      if (due) released.push(gated);
      return !due;
    });
    for (const gated of released) gated.read.ready();
  }

  /** Gives up on the reads that have waited since before `sinceMs`. */
  expire(sinceMs: number): void {
    this.expiredCount += this.#fail((gated) => gated.sinceMs < sinceMs, ETCD_ERRORS.timeout);
  }

  /** Gives up on all of them. */
  failAll(error: EtcdError): void {
    this.#fail(() => true, error);
  }

  /** Returns how many there were. */
  #fail(test: (gated: GatedRead) => boolean, error: EtcdError): number {
    const failing = this.#reads.filter(test);
    if (failing.length === 0) return 0;
    this.#reads = this.#reads.filter((gated) => !test(gated));
    for (const gated of failing) gated.read.failed(error);
    return failing.length;
  }
}
