import { Buffer } from "node:buffer";
import type { BufferPool } from "./buffer_pool.ts";
import type { Flushable, FlushQueue } from "./flush_queue.ts";
import { FRAME_HEADER_BYTES } from "./protocol.ts";
import type { ByteSocket } from "./socket.ts";

const NO_BUFFER: Buffer = Buffer.alloc(0);

/** Up to this length a loop beats a copy that needs a view first. */
const LOOP_COPY_BYTES = 48;

/** Who the output belongs to. */
export interface WriterOwner {
  /** The socket has taken all that it was given; what is appended in here goes out next. */
  outputWritten(): void;
  /** The peer does not read, and the bound of what may wait for it is passed. */
  outputOverflow(): void;
}

/**
 * The output of one connection. Frames are appended to `bytes` at `length`; a flush hands all of
 * it to the socket. Only one write is under way at a time: what is appended meanwhile goes out
 * together when it is done.
 */
export class SocketWriter implements Flushable {
  /** The output not yet given to the socket is bytes[0, length). */
  bytes: Buffer = NO_BUFFER;
  length = 0;
  /** Bytes given to the socket and not yet reported as written. */
  inFlightBytes = 0;
  /** Counts writes begun, so that a stalled one can be told from a new one. */
  writeCount = 0;

  readonly #socket: ByteSocket;
  readonly #pool: BufferPool;
  readonly #flushQueue: FlushQueue;
  readonly #maxBytes: number;
  readonly #owner: WriterOwner;
  readonly #onWritten = (): void => this.#written();
  #inFlight: Buffer = NO_BUFFER;
  #held = false;
  #queued = false;
  #ending = false;
  #closed = false;

  constructor(
    socket: ByteSocket,
    pool: BufferPool,
    flushQueue: FlushQueue,
    maxBytes: number,
    owner: WriterOwner,
  ) {
    this.#socket = socket;
    this.#pool = pool;
    this.#flushQueue = flushQueue;
    this.#maxBytes = maxBytes;
    this.#owner = owner;
  }

  /** All that the socket has not taken. */
  get pendingBytes(): number {
    return this.length + this.inFlightBytes;
  }

  /** Makes room for this many more bytes in `bytes`. */
  reserve(sizeBytes: number): void {
    if (this.bytes.length - this.length < sizeBytes) this.#grow(this.length + sizeBytes);
  }

  /** Appends a frame header. Room must have been reserved. */
  frameHeader(length: number, type: number, flags: number, streamId: number): void {
    const bytes = this.bytes;
    const offset = this.length;
    bytes[offset] = length >>> 16;
    bytes[offset + 1] = length >>> 8;
    bytes[offset + 2] = length;
    bytes[offset + 3] = type;
    bytes[offset + 4] = flags;
    bytes[offset + 5] = streamId >>> 24;
    bytes[offset + 6] = streamId >>> 16;
    bytes[offset + 7] = streamId >>> 8;
    bytes[offset + 8] = streamId;
    this.length = offset + FRAME_HEADER_BYTES;
  }

  /** Appends a 32-bit number. Room must have been reserved. */
  uint32(value: number): void {
    const bytes = this.bytes;
    const offset = this.length;
    bytes[offset] = value >>> 24;
    bytes[offset + 1] = value >>> 16;
    bytes[offset + 2] = value >>> 8;
    bytes[offset + 3] = value;
    this.length = offset + 4;
  }

  /** Appends source[start, end). Room must have been reserved. */
  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size <= LOOP_COPY_BYTES) {
      const bytes = this.bytes;
      const shift = this.length - start;
      for (let i = start; i < end; i++) bytes[shift + i] = source[i];
    } else {
      const whole = start === 0 && end === source.length;
      this.bytes.set(whole ? source : source.subarray(start, end), this.length);
    }
    this.length += size;
  }

  /** Output was appended: it goes out at the end of the turn, or at `release` if held. */
  flushSoon(): void {
    if (this.#held || this.#queued) return;
    this.#queued = true;
    this.#flushQueue.add(this);
  }

  /** Holds output back until `release`, so that what one chunk of input causes is one write. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    if (this.length > 0) this.flush();
  }

  flush(): void {
    this.#queued = false;
    if (this.#closed) return;
    if (this.inFlightBytes > 0) {
      if (this.length > this.#maxBytes) this.#owner.outputOverflow();
      return;
    }
    if (this.length === 0) {
      if (this.#ending) this.#socket.end();
      return;
    }
    const buffer = this.bytes;
    this.#inFlight = buffer;
    this.inFlightBytes = this.length;
    this.bytes = NO_BUFFER;
    this.length = 0;
    this.writeCount++;
    this.#socket.write(buffer.subarray(0, this.inFlightBytes), this.#onWritten);
  }

  /** Ends the socket once all output is written. */
  end(): void {
    this.#ending = true;
    this.flush();
  }

  /** The socket is gone: nothing more will be written. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.bytes !== NO_BUFFER) this.#pool.release(this.bytes);
    this.bytes = NO_BUFFER;
    this.length = 0;
  }

  #written(): void {
    this.#pool.release(this.#inFlight);
    this.#inFlight = NO_BUFFER;
    this.inFlightBytes = 0;
    if (this.#closed) return;
    this.hold();
    this.#owner.outputWritten();
    this.#held = false;
    if (this.length > 0 || this.#ending) this.flush();
  }

  #grow(sizeBytes: number): void {
    const grown = this.#pool.acquire(sizeBytes);
    if (this.length > 0) grown.set(this.bytes.subarray(0, this.length));
    if (this.bytes !== NO_BUFFER) this.#pool.release(this.bytes);
    this.bytes = grown;
  }
}
