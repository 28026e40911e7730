import type { Clock } from "../../base/clock.ts";

/**
 * Lets handshakes begin a few at a time. The first half of one takes two milliseconds of the event
 * loop, so that a hundred clients which connect at once would keep everybody else waiting.
 */
export class HandshakePacer {
  readonly #clock: Clock;
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #begunInTurn = 0;

  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock;
    this.#perTurn = perTurn;
  }

  /** Calls `begin` now or soon, in the order of the calls. */
  pace(begin: () => void): void {
    if (this.#begunInTurn >= this.#perTurn) {
      this.#waiting.push(begin);
      return;
    }
    // The turn ends when this timer fires.
    if (this.#begunInTurn++ === 0) this.#clock.setTimer(0, () => this.#nextTurn());
    begin();
  }

  #nextTurn(): void {
    this.#begunInTurn = 0;
    for (const begin of this.#waiting.splice(0, this.#perTurn)) this.pace(begin);
  }
}
