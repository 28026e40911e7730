import type { Clock } from "../../base/clock.ts";
import type { Http2Limits } from "../limits.ts";
import { RateBound } from "./rate_bound.ts";

/** Bounds what a peer can make a connection do that is of no use. Each call counts one frame. */
export class FloodGuard {
  readonly #resets: RateBound;
  readonly #settings: RateBound;
  readonly #emptyFrames: RateBound;
  readonly #controlFrames: RateBound;
  #lastSentCount = 0;

  constructor(clock: Clock, nowMs: number, limits: Http2Limits) {
    const bound = (maxCount: number): RateBound =>
      new RateBound(clock, nowMs, maxCount, limits.floodWindowMs);
    this.#resets = bound(limits.maxResetsPerWindow);
    this.#settings = bound(limits.maxSettingsPerWindow);
    this.#emptyFrames = bound(limits.maxEmptyFramesPerWindow);
    this.#controlFrames = bound(limits.maxControlFramesPerWindow);
  }

  /** A stream was reset by the peer or on account of its errors; false if that is one too many. */
  allowsReset(): boolean {
    return this.#resets.take();
  }

  allowsSettings(): boolean {
    return this.#settings.take();
  }

  /** A frame that may carry data carried none. */
  allowsEmptyFrame(): boolean {
    return this.#emptyFrames.take();
  }

  /** `sentCount` counts what this side sent: control frames that follow it have a cause. */
  allowsControlFrame(sentCount: number): boolean {
    if (sentCount !== this.#lastSentCount) {
      this.#lastSentCount = sentCount;
      this.#controlFrames.reset();
    }
    return this.#controlFrames.take();
  }

  /** The peer sent a request or data. */
  gotSomethingUseful(): void {
    this.#controlFrames.reset();
  }
}
