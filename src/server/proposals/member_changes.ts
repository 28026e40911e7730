import type { Clock } from "../../base/clock.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { ConfChange } from "../../pb/raftpb.ts";
import type { Waiter } from "../operations/operation.ts";

interface MemberChange {
  readonly change: ConfChange;
  readonly waiter: Waiter<void>;
  readonly sinceMs: number;
  isSubmitted: boolean;
}

/**
 * The changes of the membership that this member has been asked for. Raft takes one at a time, and
 * would drop a second; so it waits here until the first is applied.
 */
export class MemberChanges {
  readonly #clock: Clock;
  readonly #submit: (change: ConfChange) => void;
  /** None but the first is in the log. */
  #queue: MemberChange[] = [];

  /** `submit` puts a change into the log; it throws an EtcdError when that is refused. */
  constructor(clock: Clock, submit: (change: ConfChange) => void) {
    this.#clock = clock;
    this.#submit = submit;
  }

  /** `change.id` is how it is found again; nobody else may have it. */
  propose(change: ConfChange, waiter: Waiter<void>): void {
    const sinceMs = this.#clock.monotonicMs();
    this.#queue.push({ change, waiter, sinceMs, isSubmitted: false });
    this.submitNext();
  }

  /** A change came back from the log, not necessarily one of these. */
  applied(id: bigint, refusal: EtcdError | undefined): void {
    if (this.#queue.at(0)?.change.id !== id) return;
    const first = this.#queue.shift();
    if (refusal === undefined) first?.waiter.applied();
    else first?.waiter.failed(refusal);
  }

  /** Puts the next change into the log if none is there; call it once Raft knows what is applied. */
  submitNext(): void {
    for (;;) {
      const first = this.#queue.at(0);
      if (first === undefined || first.isSubmitted) return;
      first.isSubmitted = true;
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

  /** Gives up on the changes that have waited since before `sinceMs`. */
  expire(sinceMs: number): void {
    this.#fail((change) => change.sinceMs < sinceMs, ETCD_ERRORS.timeout);
    this.submitNext();
  }

  /** Gives up on all of them. */
  failAll(error: EtcdError): void {
    this.#fail(() => true, error);
  }

  #fail(test: (change: MemberChange) => boolean, error: EtcdError): void {
    const failing = this.#queue.filter(test);
    if (failing.length === 0) return;
    this.#queue = this.#queue.filter((change) => !test(change));
    for (const { waiter } of failing) waiter.failed(error);
  }
}
