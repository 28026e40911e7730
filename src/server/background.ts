import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../base/clock.ts";

/**
 * Work that goes on in slices between which the event loop serves everybody else. `slice` does a
 * little and returns whether there is more. What it throws is a defect: it ends the work and goes
 * to `failed`.
 */
export class BackgroundWork {
  readonly #slice: () => boolean;
  readonly #failed: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #run = (): void => this.#runSlice();
  #scheduled = false;
  #stopped = false;
  #timer: Timer | undefined;

  constructor(slice: () => boolean, failed: (error: unknown) => void, clock: Clock) {
    this.#slice = slice;
    this.#failed = failed;
    this.#clock = clock;
  }

  /** Sees to it that a slice runs in one of the next turns. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #runSlice(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    try {
      if (this.#slice()) this.#goOn();
    } catch (error) {
      this.#stopped = true;
      this.#failed(error);
    }
  }

  /** By a timer, because between immediates the event loop hardly ever looks at the sockets. */
  #goOn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timer = this.#clock.setTimer(0, this.#run);
  }
}
