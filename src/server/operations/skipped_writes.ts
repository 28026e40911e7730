import type { Logger } from "../../base/log.ts";

/** Writes to keys of the v2 API, which are not served here. A log full of them gives one warning. */
export class SkippedWrites {
  readonly #logger: Logger;
  #count = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get count(): number {
    return this.#count;
  }

  add(method: string, path: string): void {
    this.#count++;
    if (this.#count > 1) return;
    this.#logger.warn("the log has writes of the v2 API, which are skipped: its keys are lost", {
      method,
      path,
    });
  }
}
