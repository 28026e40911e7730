import type { WorkMeter } from "../../base/work_meter.ts";
import { type Http2Limits, READ_TURN_LIMITS } from "../limits.ts";
import type { SocketReading } from "./socket_reading.ts";

/**
 * What the requests of one connection have the server do that waits in one queue with the work of
 * all others. A connection that has much of it is not read from until some is done: whoever sends
 * without waiting for answers fills its own socket and not the queue, where others come in between.
 */
export class UnfinishedWork implements WorkMeter {
  readonly #reading: SocketReading;
  readonly #limits: Http2Limits;
  #count = 0;
  #bytes = 0;
  #isMuch = false;

  constructor(reading: SocketReading, limits: Http2Limits) {
    this.#reading = reading;
    this.#limits = limits;
  }

  began(pieceCount: number, sizeBytes: number): void {
    this.#count += pieceCount;
    this.#bytes += sizeBytes;
    if (this.#isMuch || !this.#exceeds(1)) return;
    this.#isMuch = true;
    this.#reading.wait(true);
  }

  ended(pieceCount: number, sizeBytes: number): void {
    this.#count -= pieceCount;
    this.#bytes -= sizeBytes;
    if (!this.#isMuch || this.#exceeds(READ_TURN_LIMITS.resumingShare)) return;
    this.#isMuch = false;
    this.#reading.wait(false);
  }

  #exceeds(share: number): boolean {
    const { maxUnfinishedPieces, maxUnfinishedBytes } = this.#limits;
    return this.#count >= maxUnfinishedPieces * share || this.#bytes >= maxUnfinishedBytes * share;
  }
}
