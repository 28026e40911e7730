import { Buffer } from "node:buffer";
import type { HttpExchange, Tunnel, TunnelListener } from "../http/exchange.ts";
import { CloseCode, WebsocketError } from "./close_codes.ts";
import { type FrameListener, FrameReader, Opcode } from "./frame_reader.ts";
import { acceptKey } from "./handshake.ts";

/** What a client does over a websocket. */
export interface WebsocketListener {
  /** A part of a message, of text or bytes, valid only during the call. */
  part(bytes: Uint8Array, isLast: boolean): void;
  /** Nothing more will come, and nothing more can be sent. */
  closed(): void;
  /** The client has taken what was sent. */
  drained(): void;
}

const FINAL = 0x80;
const REFUSAL = ["content-type", "text/plain; charset=utf-8", "sec-websocket-version", "13"];

/** The server's side of one websocket (RFC 6455). */
export class Websocket implements FrameListener, TunnelListener {
  readonly #listener: WebsocketListener;
  readonly #reader = new FrameReader(this);
  readonly #head = new Uint8Array(10);
  #tunnel: Tunnel | undefined;
  #isInMessage = false;
  #closed = false;

  private constructor(listener: WebsocketListener) {
    this.#listener = listener;
  }

  /** Makes a websocket of a request that wants one; otherwise answers why not. */
  static open(
    exchange: HttpExchange,
    fields: readonly string[],
    listener: WebsocketListener,
  ): Websocket | undefined {
    const accept = acceptKey(exchange);
    const socket = new Websocket(listener);
    if (accept !== undefined) {
      const all = ["upgrade", "websocket", "sec-websocket-accept", accept, ...fields];
      socket.#tunnel = exchange.upgrade(all, socket);
    }
    if (socket.#tunnel !== undefined) return socket;
    exchange.respond(400, REFUSAL, "Bad Request\n");
    return undefined;
  }

  /** Sends a part of a text message. False: wait for `drained`. */
  sendText(bytes: Uint8Array, start: number, end: number, isLast: boolean): boolean {
    if (this.#closed) return true;
    const opcode = this.#isInMessage ? Opcode.CONTINUATION : Opcode.TEXT;
    this.#isInMessage = !isLast;
    return this.#send((isLast ? FINAL : 0) | opcode, bytes, start, end);
  }

  /** Says goodbye and ends the connection. */
  close(code: number = CloseCode.NORMAL): void {
    if (this.#closed) return;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#send(FINAL | Opcode.CLOSE, payload, 0, payload.length);
    this.#end();
  }

  /** Stops reading, or reads again. */
  pause(isPaused: boolean): void {
    this.#tunnel?.pause(isPaused);
  }

  // From the client.

  data(bytes: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    try {
      this.#reader.read(bytes, start, end);
    } catch (error) {
      if (!(error instanceof WebsocketError)) throw error;
      // What comes behind a close frame means nothing.
      if (this.#closed) return;
      this.close(error.closeCode);
      this.#listener.closed();
    }
  }

  part(bytes: Uint8Array, isLast: boolean): void {
    if (!this.#closed) this.#listener.part(bytes, isLast);
  }

  control(opcode: number, payload: Uint8Array): void {
    if (this.#closed) return;
    if (opcode === Opcode.PING) this.#send(FINAL | Opcode.PONG, payload, 0, payload.length);
    if (opcode !== Opcode.CLOSE) return;
    // The answer repeats the code that the client gave.
    this.#send(FINAL | Opcode.CLOSE, payload, 0, Math.min(2, payload.length));
    this.#end();
    this.#listener.closed();
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.closed();
  }

  drained(): void {
    if (!this.#closed) this.#listener.drained();
  }

  closeSoon(): void {
    this.close(CloseCode.GOING_AWAY);
    this.#listener.closed();
  }

  #end(): void {
    this.#closed = true;
    this.#tunnel?.end();
  }

  #send(first: number, bytes: Uint8Array, start: number, end: number): boolean {
    const sizeBytes = end - start;
    const head = this.#head;
    let headLength = 2;
    head[0] = first;
    if (sizeBytes < 126) head[1] = sizeBytes;
    else if (sizeBytes < 0x1_0000) {
      head[1] = 126;
      head[2] = sizeBytes >>> 8;
      head[3] = sizeBytes;
      headLength = 4;
    } else {
      head[1] = 127;
      head.fill(0, 2, 6);
      for (let i = 0; i < 4; i++) head[6 + i] = sizeBytes >>> (24 - 8 * i);
      headLength = 10;
    }
    const tunnel = this.#tunnel;
    if (tunnel === undefined) return true;
    tunnel.send(head, 0, headLength);
    return tunnel.send(bytes, start, end);
  }
}
