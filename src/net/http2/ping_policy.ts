/** What a client may do with PING, by the rules that gRPC's servers enforce. */
export interface PingRules {
  /** Between two pings while streams are open. */
  readonly minIntervalMs: number;
  /** Between two pings while none is. */
  readonly minIdleIntervalMs: number;
  /** How many pings may come too early. */
  readonly maxStrikes: number;
}

/** Counts the pings of a client that come too early. */
export class PingPolicy {
  readonly #rules: PingRules;
  #lastPingMs = -Infinity;
  #lastSentCount = 0;
  #strikes = 0;

  constructor(rules: PingRules) {
    this.#rules = rules;
  }

  /**
   * Judges a ping; false if it is one too many. `sentCount` counts the headers and data that this
   * side sent: a ping after some of it measures the line, which is no offence.
   */
  allows(nowMs: number, streamCount: number, sentCount: number): boolean {
    const sinceLastMs = nowMs - this.#lastPingMs;
    this.#lastPingMs = nowMs;
    if (sentCount !== this.#lastSentCount) {
      this.#lastSentCount = sentCount;
      this.#strikes = 0;
      return true;
    }
    const minMs = streamCount > 0 ? this.#rules.minIntervalMs : this.#rules.minIdleIntervalMs;
    if (sinceLastMs < minMs) this.#strikes++;
    return this.#strikes <= this.#rules.maxStrikes;
  }
}
