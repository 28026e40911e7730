import type { Clock } from "../../base/clock.ts";

/** Lets others have their turn; returns when it is ours again. */
export type YieldTurn = () => Promise<void>;

/** Divides long work into turns: after each bit of it, `if (turn.isSpent()) await turn.next()`. */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #yieldTurn: YieldTurn;
  #endMs: number;

  constructor(clock: Clock, turnMs: number, yieldTurn: YieldTurn) {
    this.#clock = clock;
    this.#turnMs = turnMs;
    this.#yieldTurn = yieldTurn;
    this.#endMs = clock.monotonicMs() + turnMs;
  }

  isSpent(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  async next(): Promise<void> {
    await this.#yieldTurn();
    this.#endMs = this.#clock.monotonicMs() + this.#turnMs;
  }
}
