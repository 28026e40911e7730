import type { Clock } from "../../base/clock.ts";
import { FairQueue } from "../../base/fair_queue.ts";
import { networkOf } from "../../base/network_of.ts";

/** The listener bounds how many connections there are. */
const NO_LIMITS = { total: Infinity, perMember: Infinity };

/**
 * Lets handshakes begin a few at a time. The first half of one takes two milliseconds of the event
 * loop, so that a hundred clients which connect at once would keep everybody else waiting. Addresses
 * take turns: who connects thousands of times keeps others waiting for one of them.
 */
export class HandshakePacer {
  readonly #clock: Clock;
  readonly #perTurn: number;
  readonly #waiting = new FairQueue<() => void>(NO_LIMITS);
  #begunInTurn = 0;

  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock;
    this.#perTurn = perTurn;
  }

  /** Calls `begin` now or soon, for a connection from this address in its order. */
  pace(address: string, begin: () => void): void {
    if (this.#begunInTurn >= this.#perTurn) {
      this.#waiting.push(networkOf(address), this, begin);
      return;
    }
    this.#begin(begin);
  }

  #begin(begin: () => void): void {
    // The turn ends when this timer fires.
    if (this.#begunInTurn++ === 0) this.#clock.setTimer(0, () => this.#nextTurn());
    begin();
  }

  #nextTurn(): void {
    this.#begunInTurn = 0;
    while (this.#begunInTurn < this.#perTurn) {
      const begin = this.#waiting.shift();
      if (begin === undefined) return;
      this.#begin(begin);
    }
  }
}
