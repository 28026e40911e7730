/** Notices that a peer takes nothing of what waits for it. */
export class WriteStall {
  readonly #timeoutMs: number;
  #progress = -1;
  #sinceMs = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Called now and then. `waiting`: something waits for the peer; `progress`: any number that
   * changes whenever the peer takes something. True if it has not for too long.
   */
  check(nowMs: number, waiting: boolean, progress: number): boolean {
    if (!waiting || progress !== this.#progress) {
      this.#progress = progress;
      this.#sinceMs = nowMs;
      return false;
    }
    return nowMs - this.#sinceMs >= this.#timeoutMs;
  }
}
