import type { Clock, Timer } from "../../base/clock.ts";
import { READ_TURN_LIMITS } from "../limits.ts";

/**
 * Sees to it that what comes from sockets leaves time for others. Deno 2.9 goes on reading from a
 * socket as long as there is something to read: one client that sends without a pause would keep all
 * other sockets from their turn, even where timers get theirs. So after some time of work with hardly
 * a break in it, whoever goes on has to pause until a timer has fired.
 */
export class ReadTurns {
  readonly #clock: Clock;
  readonly #longestMs: number;
  #timer: Timer | undefined;
  /** Since when work is counted. */
  #sinceMs: number;
  #workedMs = 0;
  #beganMs = 0;
  /** How many work, one called by the other. */
  #depth = 0;
  #waiting: (() => void)[] = [];
  /** When the first of them began to wait, and when the timer was set that is set now. */
  #waitingSinceMs = 0;
  #armedMs = 0;

  constructor(clock: Clock, longestMs: number) {
    this.#clock = clock;
    this.#longestMs = longestMs;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Work on what was read begins. */
  begin(): void {
    if (this.#depth++ === 0) this.#beganMs = this.#clock.monotonicMs();
  }

  end(): void {
    if (--this.#depth === 0) this.#workedMs += this.#clock.monotonicMs() - this.#beganMs;
  }

  /** Whether there was enough work for one turn. */
  get isOver(): boolean {
    if (this.#depth === 0 && this.#workedMs < this.#longestMs) return false;
    const nowMs = this.#clock.monotonicMs();
    const workedMs = this.#workedMs + (this.#depth === 0 ? 0 : nowMs - this.#beganMs);
    if (workedMs < this.#longestMs) return false;
    if (this.#timer !== undefined || workedMs > (nowMs - this.#sinceMs) / 2) return true;
    // In breaks as long as these, others have had their turns.
    this.#restart(nowMs);
    return false;
  }

  /** Runs something in the next turn. */
  inNext(run: () => void): void {
    this.#waiting.push(run);
    if (this.#timer !== undefined) return;
    this.#waitingSinceMs = this.#clock.monotonicMs();
    this.#arm(this.#waitingSinceMs);
  }

  #arm(nowMs: number): void {
    this.#armedMs = nowMs;
    this.#timer = this.#clock.setTimer(0, () => this.#next());
  }

  #next(): void {
    const nowMs = this.#clock.monotonicMs();
    // Other work took so long that the timer was due before the event loop had come to look at the
    // sockets, and without a pause in the work it does not look.
    const isLate = nowMs - this.#armedMs > this.#longestMs;
    const waitedMs = nowMs - this.#waitingSinceMs;
    if (isLate && waitedMs < READ_TURN_LIMITS.longestPauseMs) return this.#arm(nowMs);
    this.#timer = undefined;
    this.#restart(nowMs);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  #restart(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#beganMs = nowMs;
    this.#workedMs = 0;
  }
}
