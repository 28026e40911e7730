import { GrowingBytes } from "../../base/growing_bytes.ts";
import type { ExchangeListener, HttpExchange } from "../../net/http/exchange.ts";
import type { HeldBodies } from "./held_bodies.ts";
import { HTTP_LIMITS } from "./limits.ts";

/** The statuses by which a body is refused. */
const TOO_LARGE = 413;
const NO_ROOM = 503;

/** A body, or the status that says why there is none. */
export type BodyOrStatus = Uint8Array<ArrayBuffer> | number;

/**
 * One side of an exchange for handlers that await: collects the body when they ask for it, and
 * sends a body that is made on the way, as fast as the client takes it.
 */
export class AwaitedExchange implements ExchangeListener {
  readonly #exchange: HttpExchange;
  readonly #held: HeldBodies;
  readonly #body = new GrowingBytes();
  #maxBytes = 0;
  #bodyWanted: ((body: BodyOrStatus) => void) | undefined;
  #drainWanted: (() => void) | undefined;
  #onGone: (() => void) | undefined;
  #gone = false;

  /** `held` counts the body while it comes. */
  constructor(exchange: HttpExchange, held: HeldBodies) {
    this.#exchange = exchange;
    this.#held = held;
    exchange.listener = this;
  }

  /**
   * The whole body, or the status to refuse it with. To be called at once: what comes before goes by
   * unseen.
   */
  readBody(maxBytes: number): Promise<BodyOrStatus> {
    if (this.#exchange.contentLengthBytes > maxBytes) return Promise.resolve(TOO_LARGE);
    this.#maxBytes = maxBytes;
    return new Promise((resolve) => this.#bodyWanted = resolve);
  }

  /** `listener` is called when the client goes, or is gone. To be called at most once. */
  whenGone(listener: () => void): void {
    if (this.#gone) listener();
    else this.#onGone = listener;
  }

  /** Sends a response whose body is made on the way; the client's slowness holds its maker back. */
  async sendStream(
    status: number,
    fields: readonly string[],
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const exchange = this.#exchange;
    exchange.begin(status, fields);
    for await (const part of body) {
      for (let start = 0; start < part.length; start += HTTP_LIMITS.sentPieceBytes) {
        const end = Math.min(part.length, start + HTTP_LIMITS.sentPieceBytes);
        if (!exchange.send(part, start, end)) await this.#untilDrained();
      }
      // Leaving the loop tells whoever makes the body to stop.
      if (exchange.finished) return;
    }
    exchange.end();
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bodyWanted === undefined) return;
    const grownBytes = end - start;
    if (this.#body.length + grownBytes > this.#maxBytes) this.#settleBody(TOO_LARGE);
    else if (!this.#held.grow(grownBytes)) this.#settleBody(NO_ROOM);
    else this.#body.append(bytes, start, end);
  }

  end(): void {
    this.#settleBody(undefined);
  }

  closed(): void {
    this.#gone = true;
    // Nobody hears it.
    this.#settleBody(NO_ROOM);
    this.drained();
    this.#onGone?.();
  }

  drained(): void {
    this.#drainWanted?.();
    this.#drainWanted = undefined;
  }

  /** Undefined: the body is whole. */
  #settleBody(refusal: number | undefined): void {
    this.#held.shrink(this.#body.length);
    const body = this.#body.take();
    this.#bodyWanted?.(refusal ?? body);
    this.#bodyWanted = undefined;
  }

  #untilDrained(): Promise<void> {
    if (this.#gone || this.#exchange.finished) return Promise.resolve();
    return new Promise((resolve) => this.#drainWanted = resolve);
  }
}
