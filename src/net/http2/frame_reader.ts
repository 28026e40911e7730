import { Buffer } from "node:buffer";
import { CLIENT_PREFACE, FRAME_HEADER_BYTES } from "./protocol.ts";

/** Takes the frames of one connection. */
export interface FrameSink {
  /** The payload is bytes[start, end), valid only during the call; the reserved bit is gone. */
  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** The first bytes are not HTTP/2's. */
  badPreface(): void;
  /** A frame is longer than this side has announced. */
  frameTooLong(): void;
  /** Whether the frames behind the last one have to wait for `readOn()`. */
  mustPause(): boolean;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Cuts the chunks of a connection into frames. Frames that lie within one chunk are handed over
 * where they are; one that lies across chunks is gathered, each of its bytes copied once.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  #prefaceBytesRead = 0;
  #stopped = false;

  // The frame that did not fit its chunk; no longer than its header until that is complete.
  #partial: Buffer = NO_BYTES;
  #partialLength = 0;

  /** What came and has to wait. */
  #rest: Buffer = NO_BYTES;

  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Ignores all that comes from here on. */
  stop(): void {
    this.#stopped = true;
    this.#partial = NO_BYTES;
    this.#partialLength = 0;
    this.#rest = NO_BYTES;
  }

  /** Whether whole frames may have come that wait. */
  get isPaused(): boolean {
    return this.#rest.length > 0;
  }

  /** Goes on with what had to wait. */
  readOn(): void {
    const rest = this.#rest;
    this.#rest = NO_BYTES;
    this.read(rest);
  }

  read(chunk: Buffer): void {
    if (this.#stopped) return;
    if (this.#rest.length > 0) {
      // A socket that was told to pause may have had something under way.
      this.#rest = Buffer.concat([this.#rest, chunk]);
      return;
    }
    let position = 0;
    if (this.#prefaceBytesRead < CLIENT_PREFACE.length) position = this.#readPreface(chunk);
    if (this.#partialLength > 0) position = this.#completePartial(chunk, position);
    const end = chunk.length;
    while (end - position >= FRAME_HEADER_BYTES && !this.#stopped) {
      const next = position + FRAME_HEADER_BYTES + payloadLength(chunk, position);
      if (next > end) break;
      this.#emit(chunk, position, next);
      position = next;
      if (position < end && this.#sink.mustPause() && !this.#stopped) {
        this.#rest = chunk.subarray(position);
        return;
      }
    }
    if (position < end && !this.#stopped) this.#keepPartial(chunk, position);
  }

  #readPreface(chunk: Buffer): number {
    let position = 0;
    while (position < chunk.length && this.#prefaceBytesRead < CLIENT_PREFACE.length) {
      if (chunk[position] !== CLIENT_PREFACE.charCodeAt(this.#prefaceBytesRead)) {
        this.#sink.badPreface();
        return chunk.length;
      }
      position++;
      this.#prefaceBytesRead++;
    }
    return position;
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    const streamId = (bytes[start + 5] & 0x7f) << 24 | bytes[start + 6] << 16 |
      bytes[start + 7] << 8 | bytes[start + 8];
    const payload = start + FRAME_HEADER_BYTES;
    if (end - payload > this.#maxFrameBytes) this.#sink.frameTooLong();
    else this.#sink.frame(bytes[start + 3], bytes[start + 4], streamId, bytes, payload, end);
  }

  #keepPartial(chunk: Buffer, position: number): void {
    const available = chunk.length - position;
    let sizeBytes = FRAME_HEADER_BYTES;
    if (available >= FRAME_HEADER_BYTES) {
      const length = payloadLength(chunk, position);
      if (length > this.#maxFrameBytes) return this.#sink.frameTooLong();
      sizeBytes += length;
    }
    this.#partial = Buffer.allocUnsafe(sizeBytes);
    this.#partial.set(chunk.subarray(position), 0);
    this.#partialLength = available;
  }

  /** Adds to the partial frame; returns the position behind it in the chunk. */
  #completePartial(chunk: Buffer, position: number): number {
    position = this.#fillPartial(chunk, position);
    if (this.#partialLength < this.#partial.length) return position;
    if (this.#partial.length === FRAME_HEADER_BYTES) {
      const length = payloadLength(this.#partial, 0);
      if (length > this.#maxFrameBytes) {
        this.#sink.frameTooLong();
        return chunk.length;
      }
      const header = this.#partial;
      this.#partial = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
      this.#partial.set(header, 0);
      position = this.#fillPartial(chunk, position);
      if (this.#partialLength < this.#partial.length) return position;
    }
    const whole = this.#partial;
    this.#partial = NO_BYTES;
    this.#partialLength = 0;
    this.#emit(whole, 0, whole.length);
    return position;
  }

  #fillPartial(chunk: Buffer, position: number): number {
    const missing = this.#partial.length - this.#partialLength;
    const copied = Math.min(missing, chunk.length - position);
    this.#partial.set(chunk.subarray(position, position + copied), this.#partialLength);
    this.#partialLength += copied;
    return position + copied;
  }
}

function payloadLength(bytes: Buffer, position: number): number {
  return bytes[position] << 16 | bytes[position + 1] << 8 | bytes[position + 2];
}
