import { assert } from "../../base/assert.ts";
import type { RemoteEnd } from "../remote_end.ts";
import type { Http2Stream, Http2StreamListener } from "./handler.ts";
import type { SendQueue } from "./send_queue.ts";
import type { Transmitter } from "./transmitter.ts";

/** The connection as its streams see it. */
export interface StreamOwner {
  readonly remote: RemoteEnd;
  /** The response is complete. */
  streamFinished(stream: ServerStream): void;
  /** The layer above gives the stream up. */
  streamAbandoned(stream: ServerStream, errorCode: number): void;
  /** The layer above takes data again. */
  streamResumed(stream: ServerStream): void;
}

/**
 * One stream of a connection. Its open fields belong to the connection and its transmitter; the
 * layer above knows it as `Http2Stream`.
 */
export class ServerStream implements Http2Stream {
  readonly id: number;
  listener: Http2StreamListener | undefined = undefined;

  /** What the peer lets this side send; negative after it shrank its initial window. */
  sendWindowBytes: number;
  /** What this side lets the peer send. */
  receiveWindowBytes: number;
  /** Received and consumed, but not yet given back to the peer as window. */
  consumedBytes = 0;
  /** What is missing to the announced content-length; -1 if none was announced. */
  bodyBytesLeft: number;
  /** END_STREAM was received. */
  remoteClosed: boolean;
  /** The layer above has said all it will say; some may still be queued. */
  ended = false;
  /** The connection knows the stream no longer. */
  gone = false;
  paused = false;
  congested = false;

  /** What waits for the peer's window or for the socket; made when first needed. */
  queue: SendQueue | undefined = undefined;
  /** The ring of streams that could send if the connection could. */
  ready = false;
  previousReady: ServerStream | undefined = undefined;
  nextReady: ServerStream | undefined = undefined;

  readonly #owner: StreamOwner;
  readonly #transmitter: Transmitter;

  constructor(
    id: number,
    owner: StreamOwner,
    transmitter: Transmitter,
    receiveWindowBytes: number,
    bodyBytes: number,
    endStream: boolean,
  ) {
    this.id = id;
    this.sendWindowBytes = transmitter.initialWindowBytes;
    this.receiveWindowBytes = receiveWindowBytes;
    this.bodyBytesLeft = bodyBytes;
    this.remoteClosed = endStream;
    this.#owner = owner;
    this.#transmitter = transmitter;
  }

  get remote(): RemoteEnd {
    return this.#owner.remote;
  }

  get bufferedBytes(): number {
    return this.queue === undefined ? 0 : this.queue.sizeBytes;
  }

  get finished(): boolean {
    return this.ended || this.gone;
  }

  sendHeaders(fields: readonly string[], endStream: boolean): void {
    assert(!this.ended, "headers are sent before the end of the stream");
    if (this.gone) return;
    this.#transmitter.sendHeaders(this, fields, endStream);
  }

  sendData(
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    prefix?: Uint8Array,
  ): void {
    assert(!this.ended, "data is sent before the end of the stream");
    if (this.gone) return;
    this.#transmitter.sendData(this, bytes, start, end, endStream, prefix);
  }

  sendResponse(
    headers: readonly string[],
    bytes: Uint8Array,
    start: number,
    end: number,
    trailers: readonly string[],
    prefix?: Uint8Array,
  ): void {
    assert(!this.ended, "a stream has one response");
    if (this.gone) return;
    this.#transmitter.sendResponse(this, headers, bytes, start, end, trailers, prefix);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (!this.gone) this.#owner.streamResumed(this);
  }

  reset(errorCode: number): void {
    if (this.gone) return;
    this.ended = true;
    this.#owner.streamAbandoned(this, errorCode);
  }

  /** The transmitter has put the last frame of the response into the output. */
  endSent(): void {
    this.ended = true;
    this.#owner.streamFinished(this);
  }

  /** Checks the body against content-length; false if it is longer than announced. */
  takeBody(sizeBytes: number): boolean {
    if (this.bodyBytesLeft < 0) return true;
    this.bodyBytesLeft -= sizeBytes;
    return this.bodyBytesLeft >= 0;
  }
}
