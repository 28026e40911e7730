import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.ts";
import { HpackEncoder, maxEncodedLength } from "../hpack/encoder.ts";
import type { Http2Limits } from "../limits.ts";
import type { BufferedBytes, BufferHolder } from "./buffered_bytes.ts";
import {
  DEFAULT_WINDOW_BYTES,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  LARGEST_WINDOW_BYTES,
  SMALLEST_MAX_FRAME_BYTES,
} from "./protocol.ts";
import { SendQueue } from "./send_queue.ts";
import type { SocketWriter } from "./socket_writer.ts";
import type { ServerStream } from "./stream.ts";

/**
 * The sending half of a connection: writes frames into the output, within the peer's windows and
 * frame size and as long as the socket keeps up. What cannot go yet waits with its stream; the
 * streams that could send take turns of one frame.
 */
export class Transmitter implements BufferHolder {
  /** The window that streams of the peer begin with. */
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  /** What the queues of all streams hold. */
  bufferedBytes = 0;
  /** Counts the header blocks and DATA frames sent. */
  sentCount = 0;

  readonly #writer: SocketWriter;
  readonly #encoder = new HpackEncoder();
  readonly #limits: Http2Limits;
  readonly #budget: BufferedBytes;
  readonly #onOverflow: () => void;
  #windowBytes = DEFAULT_WINDOW_BYTES;
  #maxFrameBytes = SMALLEST_MAX_FRAME_BYTES;
  /** The stream whose turn is next; the others follow in a ring. */
  #nextReady: ServerStream | undefined = undefined;
  #ended = false;

  constructor(
    writer: SocketWriter,
    limits: Http2Limits,
    budget: BufferedBytes,
    onOverflow: () => void,
  ) {
    this.#writer = writer;
    this.#limits = limits;
    this.#budget = budget;
    this.#onOverflow = onOverflow;
    budget.open(this);
  }

  /** Sends a header block, behind the data that the stream still has queued. */
  sendHeaders(stream: ServerStream, fields: readonly string[], endStream: boolean): void {
    const queue = stream.queue;
    if (queue !== undefined && queue.sizeBytes > 0) {
      assert(endStream, "headers behind data are trailers");
      queue.trailers = fields;
      queue.endStream = true;
      stream.ended = true;
      return;
    }
    this.writeHeaders(stream.id, fields, endStream);
    if (endStream) stream.endSent();
  }

  sendData(
    stream: ServerStream,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    prefix: Uint8Array | undefined,
  ): void {
    const size = end - start + (prefix === undefined ? 0 : prefix.length);
    if (this.#canSendAtOnce(stream, size)) {
      this.#writer.reserve(FRAME_HEADER_BYTES + size);
      this.#writeData(stream, size, bytes, start, end, endStream, prefix);
      this.#writer.flushSoon();
      if (endStream) stream.endSent();
      return;
    }
    if (endStream) stream.ended = true;
    this.#enqueue(stream, bytes, start, end, endStream, prefix);
  }

  sendResponse(
    stream: ServerStream,
    headers: readonly string[],
    bytes: Uint8Array,
    start: number,
    end: number,
    trailers: readonly string[],
    prefix: Uint8Array | undefined,
  ): void {
    const size = end - start + (prefix === undefined ? 0 : prefix.length);
    const headersBytes = maxEncodedLength(headers);
    const trailersBytes = maxEncodedLength(trailers);
    if (
      !this.#canSendAtOnce(stream, size) ||
      headersBytes > SMALLEST_MAX_FRAME_BYTES || trailersBytes > SMALLEST_MAX_FRAME_BYTES
    ) {
      this.sendHeaders(stream, headers, false);
      this.sendData(stream, bytes, start, end, false, prefix);
      this.sendHeaders(stream, trailers, true);
      return;
    }
    const writer = this.#writer;
    writer.reserve(3 * FRAME_HEADER_BYTES + headersBytes + trailersBytes + size);
    this.#writeHeaderFrame(stream.id, headers, false);
    this.#writeData(stream, size, bytes, start, end, false, prefix);
    this.#writeHeaderFrame(stream.id, trailers, true);
    writer.flushSoon();
    stream.endSent();
  }

  /** Writes a header block in one HEADERS frame and as many CONTINUATIONs as it takes. */
  writeHeaders(streamId: number, fields: readonly string[], endStream: boolean): void {
    const writer = this.#writer;
    const blockBytes = maxEncodedLength(fields);
    if (blockBytes <= SMALLEST_MAX_FRAME_BYTES) {
      writer.reserve(FRAME_HEADER_BYTES + blockBytes);
      this.#writeHeaderFrame(streamId, fields, endStream);
    } else {
      this.#writeLongHeaders(streamId, fields, endStream, blockBytes);
    }
    writer.flushSoon();
  }

  writeReset(streamId: number, errorCode: number): void {
    this.#writeNumberFrame(FrameType.RST_STREAM, streamId, errorCode);
  }

  writeWindowUpdate(streamId: number, increment: number): void {
    this.#writeNumberFrame(FrameType.WINDOW_UPDATE, streamId, increment);
  }

  writePing(flags: number, payload: Uint8Array, start: number): void {
    this.writeFrame(FrameType.PING, flags, 0, payload, start, start + 8);
  }

  writeGoAway(lastStreamId: number, errorCode: number, why: string): void {
    const payload = Buffer.alloc(8 + why.length);
    payload.writeUInt32BE(lastStreamId, 0);
    payload.writeUInt32BE(errorCode, 4);
    payload.write(why, 8, "latin1");
    this.writeFrame(FrameType.GOAWAY, Flag.NONE, 0, payload, 0, payload.length);
  }

  /** Writes any frame that needs no accounting. */
  writeFrame(
    type: number,
    flags: number,
    streamId: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#ended) return;
    const writer = this.#writer;
    writer.reserve(FRAME_HEADER_BYTES + end - start);
    writer.frameHeader(end - start, type, flags, streamId);
    writer.copy(payload, start, end);
    writer.flushSoon();
  }

  /** The peer enlarges the connection's window; false if beyond what is allowed. */
  addWindow(increment: number): boolean {
    this.#windowBytes += increment;
    if (this.#windowBytes > LARGEST_WINDOW_BYTES) return false;
    this.pump();
    return true;
  }

  /** The peer enlarges or (by its settings) shrinks a stream's window. */
  addStreamWindow(stream: ServerStream, increment: number): boolean {
    stream.sendWindowBytes += increment;
    if (stream.sendWindowBytes > LARGEST_WINDOW_BYTES) return false;
    if (stream.sendWindowBytes <= 0) {
      this.#removeReady(stream);
    } else if (stream.queue !== undefined && stream.queue.sizeBytes > 0) {
      this.#addReady(stream);
      this.pump();
    }
    return true;
  }

  setMaxFrameSize(sizeBytes: number): void {
    this.#maxFrameBytes = Math.min(sizeBytes, this.#limits.maxSentFrameBytes);
  }

  setHeaderTableSize(sizeBytes: number): void {
    this.#encoder.setMaxTableSize(sizeBytes);
  }

  /** Forgets what the stream still wanted to send. */
  drop(stream: ServerStream): void {
    if (stream.queue === undefined) return;
    this.#removeReady(stream);
    this.#shrunk(stream.queue.sizeBytes);
    stream.queue = undefined;
  }

  /** The last frame has been sent: ends the socket. What still answers some frame is dropped. */
  end(): void {
    this.#ended = true;
    this.#writer.end();
  }

  /** The connection is gone, all its streams are dropped. */
  close(): void {
    this.#budget.close(this);
  }

  bufferOverflow(): void {
    this.#onOverflow();
  }

  /** Sends what waits, as far as window and socket allow, one frame of each stream in turn. */
  pump(): void {
    while (this.#nextReady !== undefined && this.#windowBytes > 0 && this.#socketKeepsUp()) {
      const stream = this.#nextReady;
      this.#nextReady = stream.nextReady;
      this.#sendQueued(stream);
    }
  }

  #socketKeepsUp(): boolean {
    return this.#writer.pendingBytes < this.#limits.outputMarkBytes;
  }

  #canSendAtOnce(stream: ServerStream, size: number): boolean {
    return size <= this.#windowBytes && size <= stream.sendWindowBytes &&
        size <= this.#maxFrameBytes && this.#socketKeepsUp() &&
        (stream.queue === undefined || stream.queue.sizeBytes === 0) ||
      size === 0 && stream.bufferedBytes === 0;
  }

  /** Writes one HEADERS frame for which room was reserved. */
  #writeHeaderFrame(streamId: number, fields: readonly string[], endStream: boolean): void {
    const writer = this.#writer;
    const blockStart = writer.length + FRAME_HEADER_BYTES;
    const blockEnd = this.#encoder.encode(fields, writer.bytes, blockStart);
    const flags = endStream ? Flag.END_HEADERS | Flag.END_STREAM : Flag.END_HEADERS;
    writer.frameHeader(blockEnd - blockStart, FrameType.HEADERS, flags, streamId);
    writer.length = blockEnd;
    this.sentCount++;
  }

  #writeLongHeaders(
    streamId: number,
    fields: readonly string[],
    endStream: boolean,
    maxBlockBytes: number,
  ): void {
    const block = new Uint8Array(maxBlockBytes);
    const length = this.#encoder.encode(fields, block, 0);
    let type: number = FrameType.HEADERS;
    let flags: number = endStream ? Flag.END_STREAM : Flag.NONE;
    for (let start = 0; start < length; start += SMALLEST_MAX_FRAME_BYTES) {
      const end = Math.min(start + SMALLEST_MAX_FRAME_BYTES, length);
      if (end === length) flags |= Flag.END_HEADERS;
      this.writeFrame(type, flags, streamId, block, start, end);
      type = FrameType.CONTINUATION;
      flags = Flag.NONE;
    }
    this.sentCount++;
  }

  /** Writes one DATA frame for which room was reserved. */
  #writeData(
    stream: ServerStream,
    size: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    prefix: Uint8Array | undefined,
  ): void {
    const writer = this.#writer;
    const flags = endStream ? Flag.END_STREAM : Flag.NONE;
    writer.frameHeader(size, FrameType.DATA, flags, stream.id);
    if (prefix !== undefined) writer.copy(prefix, 0, prefix.length);
    writer.copy(bytes, start, end);
    this.#windowBytes -= size;
    stream.sendWindowBytes -= size;
    this.sentCount++;
  }

  #writeNumberFrame(type: number, streamId: number, value: number): void {
    if (this.#ended) return;
    const writer = this.#writer;
    writer.reserve(FRAME_HEADER_BYTES + 4);
    writer.frameHeader(4, type, Flag.NONE, streamId);
    writer.uint32(value);
    writer.flushSoon();
  }

  #enqueue(
    stream: ServerStream,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    prefix: Uint8Array | undefined,
  ): void {
    if (stream.queue === undefined) stream.queue = new SendQueue();
    const queue = stream.queue;
    const sizeBefore = queue.sizeBytes;
    if (prefix !== undefined) queue.push(prefix, 0, prefix.length);
    queue.push(bytes, start, end);
    queue.endStream = endStream;
    const grownBytes = queue.sizeBytes - sizeBefore;
    this.bufferedBytes += grownBytes;
    this.#budget.grown(this, grownBytes);
    if (stream.sendWindowBytes > 0) this.#addReady(stream);
    this.pump();
    if (queue.sizeBytes > this.#limits.streamHighMarkBytes) stream.congested = true;
  }

  /** Sends one frame of a stream that has both bytes and window. */
  #sendQueued(stream: ServerStream): void {
    const queue = stream.queue;
    assert(queue !== undefined && queue.sizeBytes > 0, "a ready stream has bytes to send");
    const writer = this.#writer;
    const size = Math.min(
      queue.sizeBytes,
      stream.sendWindowBytes,
      this.#windowBytes,
      this.#maxFrameBytes,
    );
    const last = size === queue.sizeBytes;
    const endStream = last && queue.endStream && queue.trailers === undefined;
    writer.reserve(FRAME_HEADER_BYTES + size);
    writer.frameHeader(size, FrameType.DATA, endStream ? Flag.END_STREAM : Flag.NONE, stream.id);
    queue.take(size, writer.bytes, writer.length);
    writer.length += size;
    this.#windowBytes -= size;
    stream.sendWindowBytes -= size;
    this.sentCount++;
    writer.flushSoon();
    this.#shrunk(size);
    if (last || stream.sendWindowBytes <= 0) this.#removeReady(stream);
    if (last && queue.endStream) this.#finishQueued(stream, queue);
    else this.#tellDrained(stream, queue);
  }

  #finishQueued(stream: ServerStream, queue: SendQueue): void {
    if (queue.trailers !== undefined) this.writeHeaders(stream.id, queue.trailers, true);
    stream.endSent();
  }

  #tellDrained(stream: ServerStream, queue: SendQueue): void {
    if (!stream.congested || queue.sizeBytes >= this.#limits.streamLowMarkBytes) return;
    stream.congested = false;
    if (!stream.ended) stream.listener?.drained();
  }

  #shrunk(size: number): void {
    this.bufferedBytes -= size;
    this.#budget.shrunk(size);
  }

  #addReady(stream: ServerStream): void {
    if (stream.ready) return;
    stream.ready = true;
    const next = this.#nextReady;
    if (next === undefined || next.previousReady === undefined) {
      this.#nextReady = stream;
      stream.nextReady = stream;
      stream.previousReady = stream;
      return;
    }
    stream.nextReady = next;
    stream.previousReady = next.previousReady;
    next.previousReady.nextReady = stream;
    next.previousReady = stream;
  }

  #removeReady(stream: ServerStream): void {
    if (!stream.ready) return;
    stream.ready = false;
    const next = stream.nextReady;
    const previous = stream.previousReady;
    assert(next !== undefined && previous !== undefined, "a ready stream is in the ring");
    previous.nextReady = next;
    next.previousReady = previous;
    if (this.#nextReady === stream) this.#nextReady = next === stream ? undefined : next;
    stream.nextReady = undefined;
    stream.previousReady = undefined;
  }
}
