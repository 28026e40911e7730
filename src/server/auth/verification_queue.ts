import type { Clock, Timer } from "../../base/clock.ts";
import { FairQueue } from "../../base/fair_queue.ts";
import { networkOf } from "../../base/network_of.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { RemoteEnd } from "../../net/remote_end.ts";
import { AUTH_LIMITS } from "./limits.ts";

/** What waits to be begun. */
interface Work {
  readonly run: () => Promise<void>;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Begins verifications a few at a time, so that somebody who makes up tokens keeps neither the event
 * loop nor those of others waiting: addresses take turns, and so do the connections of one address.
 */
export class VerificationQueue {
  readonly #clock: Clock;
  readonly #waiting = new FairQueue<Work>({
    total: AUTH_LIMITS.waitingTokens,
    perMember: AUTH_LIMITS.waitingTokensPerConnection,
  });
  #runningCount = 0;
  #begunInTurn = 0;
  #turnTimer: Timer | undefined;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs something, now or soon. Rejects with etcd's error if too many wait, or the server stops. */
  run(remote: RemoteEnd, run: () => Promise<void>): Promise<void> {
    const network = networkOf(remote.address);
    if (this.#isClosed) return Promise.reject(ETCD_ERRORS.stopped);
    if (this.#waiting.isFullFor(network, remote)) {
      return Promise.reject(ETCD_ERRORS.requestTooManyRequests);
    }
    const work: Work = { run, done: Promise.withResolvers() };
    const displaced = this.#waiting.push(network, remote, work);
    displaced?.done.reject(ETCD_ERRORS.requestTooManyRequests);
    this.#advance();
    return work.done.promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#turnTimer?.cancel();
    for (let work = this.#waiting.shift(); work !== undefined; work = this.#waiting.shift()) {
      work.done.reject(ETCD_ERRORS.stopped);
    }
  }

  #advance(): void {
    while (this.#runningCount < AUTH_LIMITS.runningVerifications && this.#hasTurn()) {
      const work = this.#waiting.shift();
      if (work === undefined) return;
      this.#begin(work);
    }
  }

  /** Each turn has room for some, and ends when its timer fires. */
  #hasTurn(): boolean {
    if (this.#isClosed || this.#waiting.size === 0) return false;
    return this.#begunInTurn < AUTH_LIMITS.verificationsPerTurn;
  }

  #begin(work: Work): void {
    this.#runningCount++;
    this.#begunInTurn++;
    this.#turnTimer ??= this.#clock.setTimer(0, () => {
      this.#turnTimer = undefined;
      this.#begunInTurn = 0;
      this.#advance();
    });
    work.run().then(work.done.resolve, work.done.reject).finally(() => {
      this.#runningCount--;
      this.#advance();
    });
  }
}
