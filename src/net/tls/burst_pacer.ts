import type { Clock, Timer } from "../../base/clock.ts";
import type { TlsLimits } from "../limits.ts";

/** Something that reads as long as it is not deferred. */
export interface Deferrable {
  defer(isDeferred: boolean): void;
}

/**
 * Lets connections that bring much at once take turns with everybody else: to decrypt a MiB takes
 * four milliseconds, in which nothing else goes on.
 */
export class BurstPacer {
  readonly #clock: Clock;
  readonly #limits: TlsLimits;
  readonly #waiting: Deferrable[] = [];
  #turnTimer: Timer | undefined;
  #bytesInTurn = 0;

  constructor(clock: Clock, limits: TlsLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** So much was read at once. Whoever read it waits for another turn if this one had enough. */
  took(reading: Deferrable, sizeBytes: number): void {
    // There was no more to read.
    if (sizeBytes < this.#limits.burstReadBytes) return;
    this.#bytesInTurn += sizeBytes;
    this.#beginTurn();
    if (this.#bytesInTurn < this.#limits.readTurnBytes) return;
    this.#waiting.push(reading);
    reading.defer(true);
  }

  /** A turn ends when its timer fires. */
  #beginTurn(): void {
    this.#turnTimer ??= this.#clock.setTimer(0, () => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#turnTimer = undefined;
    this.#bytesInTurn = 0;
    for (const reading of this.#waiting.splice(0, this.#limits.burstsPerTurn)) reading.defer(false);
    if (this.#waiting.length > 0) this.#beginTurn();
  }
}
