import { type Clock, systemClock } from "../../base/clock.ts";
import type { ExchangeHandler } from "../http/exchange.ts";
import { BufferPool } from "../http2/buffer_pool.ts";
import { FlushQueue } from "../http2/flush_queue.ts";
import { ReadTurns } from "../http2/read_turns.ts";
import { Sweeper } from "../http2/sweeper.ts";
import { HTTP1_LIMITS, type Http1Limits } from "../limits.ts";

export interface Http1Options {
  readonly handler: ExchangeHandler;
  readonly clock?: Clock;
  readonly limits?: Http1Limits;
  /** Hears of what nobody expected to be thrown; without it the error ends the process. */
  readonly onDefect?: (error: unknown) => void;
}

/** What all connections of a server share. */
export class Http1Context {
  readonly handler: ExchangeHandler;
  readonly limits: Http1Limits;
  readonly clock: Clock;
  readonly pool: BufferPool;
  readonly flushQueue = new FlushQueue();
  readonly sweeper: Sweeper;
  readonly readTurns: ReadTurns;
  readonly onDefect: ((error: unknown) => void) | undefined;
  #dateSecond = -1;
  #dateLine = "";

  constructor(options: Http1Options) {
    this.handler = options.handler;
    this.limits = options.limits ?? HTTP1_LIMITS;
    this.clock = options.clock ?? systemClock;
    this.pool = new BufferPool(this.limits.maxPooledBytes);
    this.sweeper = new Sweeper(this.clock, this.limits.sweepIntervalMs);
    this.readTurns = new ReadTurns(this.clock, this.limits.readTurnMs);
    this.onDefect = options.onDefect;
  }

  /** The Date field, which changes once a second. */
  get dateLine(): string {
    const second = Math.floor(this.clock.wallMs() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateLine = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#dateLine;
  }
}
