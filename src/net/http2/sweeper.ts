import type { Clock, Timer } from "../../base/clock.ts";

/** Something with timeouts. */
export interface Sweepable {
  /** Looks at its timeouts; called about every sweep interval. */
  sweep(nowMs: number): void;
}

/**
 * One timer for the timeouts of all connections: none of them is exact, and a timer for each would
 * cost more than looking. It runs only while there is something to look at.
 */
export class Sweeper {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #members = new Set<Sweepable>();
  #timer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  add(member: Sweepable): void {
    this.#members.add(member);
    if (this.#timer === undefined) this.#setTimer();
  }

  remove(member: Sweepable): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #setTimer(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const member of this.#members) member.sweep(nowMs);
    if (this.#members.size > 0 && this.#timer === undefined) this.#setTimer();
  }
}
