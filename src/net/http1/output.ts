import { Buffer } from "node:buffer";
import type { ByteSocket } from "../http2/socket.ts";
import { SocketWriter, type WriterOwner } from "../http2/socket_writer.ts";
import type { Http1Context } from "./context.ts";

/** Who the output belongs to. */
export interface OutputOwner {
  /** The client has taken most of what held the sender back. */
  outputDrained(): void;
  /** The client takes nothing, and too much waits for it. */
  outputOverflow(): void;
}

/** The output of one connection, which tells a sender when to stop and when to go on. */
export class Http1Output implements WriterOwner {
  readonly #writer: SocketWriter;
  readonly #context: Http1Context;
  readonly #owner: OutputOwner;
  #congested = false;
  /** A long body that was given whole goes out piece by piece, so that a stall is noticed. */
  #rest: Uint8Array | undefined;
  #restPosition = 0;
  #ending = false;

  constructor(socket: ByteSocket, context: Http1Context, owner: OutputOwner) {
    this.#context = context;
    this.#owner = owner;
    const { pool, flushQueue, limits } = context;
    this.#writer = new SocketWriter(socket, pool, flushQueue, limits.maxOutputBytes, this);
  }

  get isWriting(): boolean {
    return this.#writer.inFlightBytes > 0;
  }

  /** Whether the client has taken everything. */
  get isEmpty(): boolean {
    return this.#writer.pendingBytes === 0 && this.#rest === undefined;
  }

  get writeCount(): number {
    return this.#writer.writeCount;
  }

  /** Whether `text` or `bytes` said to stop, and `outputDrained` has not been called since. */
  get congested(): boolean {
    return this.#congested;
  }

  /** Appends text of one byte a character. */
  latin1(text: string): void {
    const writer = this.#writer;
    writer.reserve(text.length);
    writer.length += writer.bytes.write(text, writer.length, "latin1");
    this.#appended();
  }

  bytes(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    this.#writer.reserve(end - start);
    this.#writer.copy(bytes, start, end);
    this.#appended();
  }

  /** The whole of a body behind its head; nothing may be appended before it is out. */
  body(body: Uint8Array | string): void {
    const isText = typeof body === "string";
    const length = isText ? Buffer.byteLength(body) : body.length;
    if (length > this.#context.limits.outputHighMarkBytes) {
      // The slice() of a Buffer would be no copy.
      this.#rest = isText ? Buffer.from(body) : new Uint8Array(body);
      this.#restPosition = 0;
      this.#pump();
    } else if (isText) {
      const writer = this.#writer;
      writer.reserve(length);
      writer.length += writer.bytes.write(body, writer.length, "utf8");
      this.#appended();
    } else {
      this.bytes(body, 0, length);
    }
  }

  /** Holds output back until `release`. */
  hold(): void {
    this.#writer.hold();
  }

  release(): void {
    this.#writer.release();
  }

  /** Ends the socket once all is written. */
  end(): void {
    this.#ending = true;
    if (this.#rest === undefined) this.#writer.end();
  }

  close(): void {
    this.#rest = undefined;
    this.#writer.close();
  }

  outputWritten(): void {
    this.#pump();
    const { outputLowMarkBytes } = this.#context.limits;
    if (!this.#congested || this.#writer.pendingBytes > outputLowMarkBytes) return;
    this.#congested = false;
    this.#owner.outputDrained();
  }

  outputOverflow(): void {
    this.#owner.outputOverflow();
  }

  #appended(): void {
    this.#writer.flushSoon();
    if (this.#writer.pendingBytes > this.#context.limits.outputHighMarkBytes) {
      this.#congested = true;
    }
  }

  #pump(): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    const { outputHighMarkBytes } = this.#context.limits;
    const room = outputHighMarkBytes - this.#writer.pendingBytes;
    if (room <= 0) return;
    const end = Math.min(rest.length, this.#restPosition + room);
    const start = this.#restPosition;
    this.#restPosition = end;
    if (end === rest.length) this.#rest = undefined;
    this.bytes(rest, start, end);
    // Whatever comes behind the body has to wait for it.
    this.#congested = true;
    if (this.#rest === undefined && this.#ending) this.#writer.end();
  }
}
