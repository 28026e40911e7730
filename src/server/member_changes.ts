import type { Clock } from "../base/clock.ts";
import { ETCD_ERRORS, EtcdError } from "../core/errors.ts";
import type { ConfChange } from "../pb/raftpb.ts";
import type { Waiter } from "./operations/operation.ts";

interface MemberChange {
  readonly change: ConfChange;
  readonly waiter: Waiter<void>;
  readonly sinceMs: number;
}

/**
 * The changes of the membership that this member has been asked for. Raft takes one at a time, and
 * would drop a second; so it waits here until the first is applied.
 */
export class MemberChanges {
  readonly #clock: Clock;
  readonly #submit: (change: ConfChange) => void;
  /** The first one is in the log. */
  #queue: MemberChange[] = [];

  /** `submit` puts a change into the log; it throws an EtcdError when that is refused. */
  constructor(clock: Clock, submit: (change: ConfChange) => void) {
    this.#clock = clock;
    this.#submit = submit;
  }

  /** `change.id` is how it is found again; nobody else may have it. */
  propose(change: ConfChange, waiter: Waiter<void>): void {
    this.#queue.push({ change, waiter, sinceMs: this.#clock.monotonicMs() });
    if (this.#queue.length === 1) this.#submitFirst();
  }

  /** A change came back from the log, not necessarily one of these. */
  applied(id: bigint, refusal: EtcdError | undefined): void {
    if (this.#queue.at(0)?.change.id !== id) return;
    const first = this.#queue.shift();
    if (refusal === undefined) first?.waiter.applied();
    else first?.waiter.failed(refusal);
    this.#submitFirst();
  }

  /** Gives up on the changes that have waited since before `sinceMs`. */
  expire(sinceMs: number): void {
    const isFirstLate = (this.#queue.at(0)?.sinceMs ?? Infinity) < sinceMs;
    this.#fail((change) => change.sinceMs < sinceMs, ETCD_ERRORS.timeout);
    if (isFirstLate) this.#submitFirst();
  }

  /** Gives up on all of them. */
  failAll(error: EtcdError): void {
    this.#fail(() => true, error);
  }

  #submitFirst(): void {
    for (;;) {
      const first = this.#queue.at(0);
      if (first === undefined) return;
      try {
        this.#submit(first.change);
        return;
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        this.#queue.shift();
        first.waiter.failed(error);
      }
    }
  }

  #fail(test: (change: MemberChange) => boolean, error: EtcdError): void {
    const failing = this.#queue.filter(test);
    if (failing.length === 0) return;
    this.#queue = this.#queue.filter((change) => !test(change));
    for (const { waiter } of failing) waiter.failed(error);
  }
}
