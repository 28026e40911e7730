import { GrowingBytes } from "../../base/growing_bytes.ts";
import type { ExchangeListener, HttpExchange } from "../../net/http/exchange.ts";
import { HTTP_LIMITS } from "./limits.ts";

/**
 * One side of an exchange for handlers that await: collects the body when they ask for it, and
 * sends a body that is made on the way, as fast as the client takes it.
 */
export class AwaitedExchange implements ExchangeListener {
  readonly #exchange: HttpExchange;
  readonly #body = new GrowingBytes();
  #maxBytes = 0;
  #bodyWanted: ((body: Uint8Array<ArrayBuffer> | undefined) => void) | undefined;
  #drainWanted: (() => void) | undefined;
  #onGone: (() => void) | undefined;
  #gone = false;

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
    exchange.listener = this;
  }

  /**
   * The whole body; undefined when it is larger than allowed or does not come. To be called at once:
   * what comes before goes by unseen.
   */
  readBody(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#exchange.contentLengthBytes > maxBytes) return Promise.resolve(undefined);
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
    if (this.#body.length + (end - start) > this.#maxBytes) this.#settleBody(undefined);
    else this.#body.append(bytes, start, end);
  }

  end(): void {
    this.#settleBody(this.#body.take());
  }

  closed(): void {
    this.#gone = true;
    this.#settleBody(undefined);
    this.drained();
    this.#onGone?.();
  }

  drained(): void {
    this.#drainWanted?.();
    this.#drainWanted = undefined;
  }

  #settleBody(body: Uint8Array<ArrayBuffer> | undefined): void {
    this.#bodyWanted?.(body);
    this.#bodyWanted = undefined;
    this.#body.clear();
  }

  #untilDrained(): Promise<void> {
    if (this.#gone || this.#exchange.finished) return Promise.resolve();
    return new Promise((resolve) => this.#drainWanted = resolve);
  }
}
