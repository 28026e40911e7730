import type { Clock } from "../../base/clock.ts";
import type { YieldTurn } from "../btree/turn_budget.ts";

/** How long work goes on, and who hears of it. */
export interface SliceOptions {
  readonly clock: Clock;
  /** Called between the turns. */
  readonly yieldTurn: YieldTurn;
  /** Told after each turn, and at the end, how much of the work is done. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** Work that tells how many bytes it has read. */
interface Walk {
  readonly visitedBytes: number;
}

/** Tells of the progress of passes that each read up to `passBytes` bytes. */
export class Progress {
  readonly #options: SliceOptions;
  readonly #passBytes: number;
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(options: SliceOptions, passBytes: number, passes: number) {
    this.#options = options;
    this.#passBytes = passBytes;
    this.#totalBytes = passBytes * passes;
  }

  /** Takes steps of a pass until there are no more. */
  async run(walk: Walk, step: () => boolean): Promise<void> {
    while (step()) {
      this.#tell(walk.visitedBytes);
      await this.#options.yieldTurn();
    }
    this.#doneBytes += this.#passBytes;
    this.#tell(0);
  }

  #tell(passBytes: number): void {
    const bytes = this.#doneBytes + Math.min(passBytes, this.#passBytes);
    this.#options.onProgress?.(bytes, this.#totalBytes);
  }
}
