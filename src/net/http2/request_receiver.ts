import type { Buffer } from "node:buffer";
import { HpackDecoder, HpackError } from "../hpack/decoder.ts";
import type { HeaderList } from "../hpack/header_list.ts";
import type { Http2Limits } from "../limits.ts";
import type { Http2Context } from "./context.ts";
import type { FloodGuard } from "./flood_guard.ts";
import { HeaderBlock } from "./header_block.ts";
import { ErrorCode, Flag } from "./protocol.ts";
import { checkRequest, checkTrailers } from "./request_check.ts";
import type { RemoteEnd } from "../remote_end.ts";
import { ServerStream, type StreamOwner } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";
import type { Transmitter } from "./transmitter.ts";

/** What a PRIORITY field in HEADERS takes. */
const PRIORITY_BYTES = 5;

const HEADERS_TOO_LARGE: readonly string[] = [":status", "431"];

/** The connection as its receiver sees it. */
export interface ReceiverOwner {
  readonly remote: RemoteEnd;
  /** A connection error: the frame is the last that is looked at. */
  fail(errorCode: number, why: string): void;
  /** Counts a frame that has no use; false if it was one too many and the connection failed. */
  countControlFrame(): boolean;
  /** The last open stream is gone. */
  streamsAreDone(): void;
}

/**
 * The receiving half of a connection: makes streams out of HEADERS, CONTINUATION, DATA and
 * RST_STREAM, and hands them to the layer above.
 */
export class RequestReceiver implements StreamOwner {
  readonly remote: RemoteEnd;
  readonly streams: StreamTable;

  readonly #owner: ReceiverOwner;
  readonly #context: Http2Context;
  readonly #limits: Http2Limits;
  readonly #transmitter: Transmitter;
  readonly #floods: FloodGuard;
  readonly #decoder: HpackDecoder;
  #headerBlock: HeaderBlock | undefined = undefined;
  #consumedBytes = 0;

  constructor(
    owner: ReceiverOwner,
    context: Http2Context,
    transmitter: Transmitter,
    floods: FloodGuard,
  ) {
    const limits = context.limits;
    this.remote = owner.remote;
    this.streams = new StreamTable(limits);
    this.#owner = owner;
    this.#context = context;
    this.#limits = limits;
    this.#transmitter = transmitter;
    this.#floods = floods;
    this.#decoder = new HpackDecoder({
      maxTableSizeBytes: limits.headerTableBytes,
      maxListSizeBytes: limits.maxHeaderListBytes,
    });
  }

  /** Whether only CONTINUATION may come next. */
  get isInHeaderBlock(): boolean {
    return this.#headerBlock !== undefined;
  }

  /** Whether a header block takes too long to come. */
  isOverdue(nowMs: number): boolean {
    const block = this.#headerBlock;
    return block !== undefined && nowMs - block.beginMs >= this.#limits.headerBlockTimeoutMs;
  }

  /** All streams that are still open are lost. */
  close(errorCode: number): void {
    this.#headerBlock = undefined;
    const listeners = this.streams.removeAll((stream) => this.#transmitter.drop(stream));
    for (const listener of listeners) listener.closed(errorCode);
  }

  dataFrame(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "DATA without stream");
    const frameBytes = end - start;
    if ((flags & Flag.PADDED) !== 0) {
      if (frameBytes === 0) return this.#owner.fail(ErrorCode.FRAME_SIZE_ERROR, "no pad length");
      end -= bytes[start++];
      if (end < start) return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "too much padding");
    }
    const stream = this.streams.get(streamId);
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if (stream === undefined || stream.remoteClosed) this.#strayData(stream, streamId);
    else this.#streamData(stream, bytes, start, end, frameBytes, endStream);
    this.#returnConnectionWindow(frameBytes);
  }

  /**
   * The connection's window comes back whatever becomes of the data, in large steps: only a
   * stream's window holds a sender back. So no peer can exceed it, and what is left of it need not
   * be known.
   */
  #returnConnectionWindow(sizeBytes: number): void {
    this.#consumedBytes += sizeBytes;
    if (this.#consumedBytes * 2 < this.#limits.connectionWindowBytes) return;
    this.#transmitter.writeWindowUpdate(0, this.#consumedBytes);
    this.#consumedBytes = 0;
  }

  #streamData(
    stream: ServerStream,
    bytes: Buffer,
    start: number,
    end: number,
    frameBytes: number,
    endStream: boolean,
  ): void {
    stream.receiveWindowBytes -= frameBytes;
    if (stream.receiveWindowBytes < 0) {
      return this.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
    }
    const size = end - start;
    if (!stream.takeBody(size) || endStream && stream.bodyBytesLeft > 0) {
      return this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    }
    if (size > 0) {
      this.#floods.gotSomethingUseful();
      // An answer given in `data` must already know that the request is complete.
      stream.remoteClosed = endStream;
      if (!stream.ended) stream.listener?.data(bytes, start, end);
    } else if (!endStream && !this.#floods.allowsEmptyFrame()) {
      return this.#owner.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many empty frames");
    }
    if (endStream) this.#endOfRequest(stream);
    else if (!stream.gone) this.#consumed(stream, frameBytes);
  }

  #endOfRequest(stream: ServerStream): void {
    stream.remoteClosed = true;
    if (!stream.finished) stream.listener?.end();
  }

  /** Gives the window back in large steps, unless the listener withholds it. */
  #consumed(stream: ServerStream, sizeBytes: number): void {
    stream.consumedBytes += sizeBytes;
    if (stream.paused || stream.consumedBytes * 2 < this.#limits.streamWindowBytes) return;
    this.#transmitter.writeWindowUpdate(stream.id, stream.consumedBytes);
    stream.receiveWindowBytes += stream.consumedBytes;
    stream.consumedBytes = 0;
  }

  /** DATA for a stream that takes none. */
  #strayData(stream: ServerStream | undefined, streamId: number): void {
    if (stream !== undefined) return this.streamError(stream, ErrorCode.STREAM_CLOSED);
    if (this.streams.isIdle(streamId)) {
      return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "DATA on idle stream");
    }
    if (!this.#owner.countControlFrame() || this.streams.isIgnored(streamId)) return;
    this.#refuse(streamId, ErrorCode.STREAM_CLOSED);
  }

  headersFrame(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) {
      return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "HEADERS without stream");
    }
    if ((flags & Flag.PADDED) !== 0) {
      if (end === start) return this.#owner.fail(ErrorCode.FRAME_SIZE_ERROR, "no pad length");
      end -= bytes[start++];
    }
    if ((flags & Flag.PRIORITY) !== 0) start += PRIORITY_BYTES;
    if (end < start) return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "too much padding");
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) {
      return this.#headers(streamId, endStream, bytes, start, end);
    }
    const nowMs = this.#context.clock.monotonicMs();
    this.#headerBlock = new HeaderBlock(streamId, endStream, nowMs);
    this.#headerBlock.append(bytes, start, end);
  }

  continuationFrame(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const block = this.#headerBlock;
    if (block === undefined || block.streamId !== streamId) {
      return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "CONTINUATION of nothing");
    }
    block.append(bytes, start, end);
    const tooMany = ++block.continuationCount > this.#limits.maxContinuationFrames;
    if (tooMany || block.length > this.#limits.maxHeaderBlockBytes) {
      return this.#owner.fail(ErrorCode.ENHANCE_YOUR_CALM, "header block too large");
    }
    if ((flags & Flag.END_HEADERS) === 0) return;
    this.#headerBlock = undefined;
    this.#headers(streamId, block.endStream, block.bytes, 0, block.length);
  }

  /** A whole header block. It is decoded in any case: the decoder's state depends on it. */
  #headers(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const headers = this.#decode(bytes, start, end);
    if (headers === undefined) return;
    if (streamId > this.streams.lastId) return this.#newStream(streamId, endStream, headers);
    const stream = this.streams.get(streamId);
    if (stream !== undefined) return this.#trailers(stream, endStream, headers);
    if (streamId % 2 === 0) return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "even stream id");
    if (!this.streams.isIgnored(streamId)) {
      return this.#owner.fail(ErrorCode.STREAM_CLOSED, "HEADERS on closed stream");
    }
    this.#owner.countControlFrame();
  }

  #decode(bytes: Buffer, start: number, end: number): HeaderList | undefined {
    try {
      return this.#decoder.decode(bytes, start, end);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      this.#owner.fail(ErrorCode.COMPRESSION_ERROR, error.message);
      return undefined;
    }
  }

  #newStream(streamId: number, endStream: boolean, headers: HeaderList): void {
    if (streamId % 2 === 0) return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "even stream id");
    if (this.streams.refusesNew) return;
    this.streams.lastId = streamId;
    if (this.streams.size >= this.#context.maxStreams || this.#isBehind()) {
      return this.#refuse(streamId, ErrorCode.REFUSED_STREAM);
    }
    if (headers.tooLarge) return this.#answerHeadersTooLarge(streamId, endStream);
    const check = checkRequest(headers);
    if (check.problem !== undefined || endStream && check.contentLengthBytes > 0) {
      return this.#refuse(streamId, ErrorCode.PROTOCOL_ERROR);
    }
    this.#floods.gotSomethingUseful();
    const stream = new ServerStream(
      streamId,
      this,
      this.#transmitter,
      this.#limits.streamWindowBytes,
      check.contentLengthBytes,
      endStream,
    );
    this.streams.add(stream);
    this.#context.handler.stream(stream, headers, endStream);
  }

  /** Whether the peer has so much to take already that it is not given more to do. */
  #isBehind(): boolean {
    return this.#transmitter.bufferedBytes > this.#limits.maxBufferedForNewStreamBytes;
  }

  #trailers(stream: ServerStream, endStream: boolean, headers: HeaderList): void {
    if (stream.remoteClosed) return this.streamError(stream, ErrorCode.STREAM_CLOSED);
    const malformed = !endStream || headers.tooLarge || stream.bodyBytesLeft > 0 ||
      checkTrailers(headers) !== undefined;
    if (malformed) return this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    stream.remoteClosed = true;
    if (!stream.ended) stream.listener?.trailers?.(headers);
    this.#endOfRequest(stream);
  }

  #answerHeadersTooLarge(streamId: number, endStream: boolean): void {
    this.#transmitter.writeHeaders(streamId, HEADERS_TOO_LARGE, true);
    if (!endStream) this.#refuse(streamId, ErrorCode.NO_ERROR);
  }

  resetFrame(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) return this.#owner.fail(ErrorCode.FRAME_SIZE_ERROR, "RST_STREAM length");
    if (this.streams.isIdle(streamId)) {
      return this.#owner.fail(ErrorCode.PROTOCOL_ERROR, "RST_STREAM on idle stream");
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#owner.countControlFrame();
      return;
    }
    if (!this.#countReset()) return;
    this.#remove(stream);
    stream.listener?.closed(bytes.readUInt32BE(start));
  }

  streamFinished(stream: ServerStream): void {
    if (!stream.remoteClosed) {
      // The answer needs no more of the request: the client may stop sending it.
      this.#transmitter.writeReset(stream.id, ErrorCode.NO_ERROR);
      this.streams.noteReset(stream.id);
    }
    this.#remove(stream);
  }

  streamAbandoned(stream: ServerStream, errorCode: number): void {
    this.#transmitter.writeReset(stream.id, errorCode);
    this.streams.noteReset(stream.id);
    this.#remove(stream);
  }

  streamResumed(stream: ServerStream): void {
    if (!stream.remoteClosed) this.#consumed(stream, 0);
  }

  /** Resets an open stream on account of what the peer did. */
  streamError(stream: ServerStream, errorCode: number): void {
    this.#refuse(stream.id, errorCode);
    if (stream.gone) return;
    this.#remove(stream);
    stream.listener?.closed(errorCode);
  }

  #refuse(streamId: number, errorCode: number): void {
    if (!this.#countReset()) return;
    this.#transmitter.writeReset(streamId, errorCode);
    this.streams.noteReset(streamId);
  }

  #countReset(): boolean {
    if (this.#floods.allowsReset()) return true;
    this.#owner.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many resets");
    return false;
  }

  #remove(stream: ServerStream): void {
    this.streams.remove(stream);
    this.#transmitter.drop(stream);
    if (this.streams.size === 0) this.#owner.streamsAreDone();
  }
}
