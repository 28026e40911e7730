/** What to do about a connection that may be dead. */
type KeepAliveVerdict = "alive" | "ping" | "dead";

/** Finds connections whose peer is gone without a word: pings those that are silent. */
export class KeepAlive {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #lastHeardMs: number;
  #pingedMs: number | undefined;

  constructor(nowMs: number, intervalMs: number, timeoutMs: number) {
    this.#lastHeardMs = nowMs;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
  }

  /** `heard`: something came from the peer since the last call. */
  check(nowMs: number, heard: boolean): KeepAliveVerdict {
    if (heard) {
      this.#lastHeardMs = nowMs;
      this.#pingedMs = undefined;
      return "alive";
    }
    if (this.#pingedMs !== undefined) {
      return nowMs - this.#pingedMs >= this.#timeoutMs ? "dead" : "alive";
    }
    if (nowMs - this.#lastHeardMs < this.#intervalMs) return "alive";
    this.#pingedMs = nowMs;
    return "ping";
  }
}
