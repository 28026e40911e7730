import { setImmediate } from "node:timers";

/**
 * Work that goes on in slices between which the event loop serves everybody else. `slice` does a
 * little and returns whether there is more.
 */
export class BackgroundWork {
  readonly #slice: () => boolean;
  #scheduled = false;
  #stopped = false;

  constructor(slice: () => boolean) {
    this.#slice = slice;
  }

  /** Sees to it that a slice runs in one of the next turns. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#stopped && this.#slice()) this.wake();
    });
  }

  stop(): void {
    this.#stopped = true;
  }
}
