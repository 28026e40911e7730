import { Buffer } from "node:buffer";
import type { Http2Limits } from "../limits.ts";
import type { RemoteEnd } from "../remote_end.ts";
import type { Http2Context } from "./context.ts";
import { FloodGuard } from "./flood_guard.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { KeepAlive } from "./keep_alive.ts";
import { PingPolicy } from "./ping_policy.ts";
import { ErrorCode, Flag, FrameType, LARGEST_STREAM_ID } from "./protocol.ts";
import { type ReceiverOwner, RequestReceiver } from "./request_receiver.ts";
import { applySettings, type SettingsTarget } from "./settings.ts";
import type { ByteSocket } from "./socket.ts";
import { SocketReading } from "./socket_reading.ts";
import { SocketWriter, type WriterOwner } from "./socket_writer.ts";
import type { Sweepable } from "./sweeper.ts";
import { Transmitter } from "./transmitter.ts";
import { UnfinishedWork } from "./unfinished_work.ts";
import { WriteStall } from "./write_stall.ts";

const PING_BYTES = 8;
const KEEP_ALIVE_PING: Uint8Array = Buffer.from("detcd-ka", "latin1");
const DRAIN_PING: Uint8Array = Buffer.from("detcd-go", "latin1");

/**
 * How far the end of a connection is. Draining: the end is announced, streams may still begin.
 * Finishing: no new streams, those that are open go on. Closing: all is said, the socket is about
 * to end.
 */
const Phase = { OPEN: 0, DRAINING: 1, FINISHING: 2, CLOSING: 3, CLOSED: 4 } as const;

/** The server's side of one HTTP/2 connection (RFC 9113). */
export class Http2Connection
  implements FrameSink, ReceiverOwner, SettingsTarget, Sweepable, WriterOwner {
  readonly remote: RemoteEnd;

  readonly #context: Http2Context;
  readonly #limits: Http2Limits;
  readonly #socket: ByteSocket;
  readonly #onClose: () => void;
  readonly #writer: SocketWriter;
  readonly #transmitter: Transmitter;
  readonly #reader: FrameReader;
  readonly #reading: SocketReading;
  readonly #receiver: RequestReceiver;
  readonly #pings: PingPolicy;
  readonly #floods: FloodGuard;
  #hasSettings = false;
  #peerGoesAway = false;

  // The way to the end, and timeouts.
  #phase: number = Phase.OPEN;
  #phaseDeadlineMs = 0;
  readonly #handshakeDeadlineMs: number;
  readonly #keepAlive: KeepAlive;
  #heardSinceSweep = true;
  readonly #writeStall: WriteStall;

  constructor(
    socket: ByteSocket,
    remote: RemoteEnd,
    context: Http2Context,
    onClose: () => void,
  ) {
    const { clock, limits } = context;
    const nowMs = clock.monotonicMs();
    this.#context = context;
    this.#limits = limits;
    this.#socket = socket;
    this.#onClose = onClose;
    this.#writer = new SocketWriter(
      socket,
      context.pool,
      context.flushQueue,
      limits.maxOutputBytes,
      this,
    );
    this.#transmitter = new Transmitter(
      this.#writer,
      limits,
      context.budget,
      () => this.outputOverflow(),
    );
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.#reading = new SocketReading(socket, context.readTurns, () => this.#readOn());
    this.remote = { ...remote, work: new UnfinishedWork(this.#reading, limits) };
    this.#pings = new PingPolicy(context.pingRules);
    this.#floods = new FloodGuard(clock, nowMs, limits);
    this.#receiver = new RequestReceiver(this, context, this.#transmitter, this.#floods);
    this.#writeStall = new WriteStall(limits.writeStallTimeoutMs);
    this.#handshakeDeadlineMs = nowMs + limits.handshakeTimeoutMs;
    this.#keepAlive = new KeepAlive(
      nowMs,
      context.keepAliveIntervalMs,
      context.keepAliveTimeoutMs,
    );
  }

  /** Begins to talk. `firstBytes`: what was read of the socket before. */
  start(firstBytes?: Buffer): void {
    const socket = this.#socket;
    socket.on("data", (chunk) => this.#data(chunk));
    socket.on("end", () => this.destroy());
    // The socket closes after an error, and that is all that matters here.
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
    this.#context.sweeper.add(this);
    const greeting = this.#context.greeting;
    this.#writer.reserve(greeting.length);
    this.#writer.copy(greeting, 0, greeting.length);
    if (firstBytes === undefined) this.#writer.flush();
    else this.#data(firstBytes);
  }

  /** How many streams are open. */
  get streamCount(): number {
    return this.#receiver.streams.size;
  }

  /** Ends the connection gracefully: streams that are open go on, the client makes no new ones. */
  goAway(): void {
    if (this.#phase !== Phase.OPEN) return;
    if (!this.#hasSettings) return this.destroy();
    this.#transmitter.writeGoAway(LARGEST_STREAM_ID, ErrorCode.NO_ERROR, "");
    this.#transmitter.writePing(Flag.NONE, DRAIN_PING, 0);
    this.#enterPhase(Phase.DRAINING, this.#limits.drainPingTimeoutMs);
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#closed();
  }

  #data(chunk: Buffer): void {
    this.#heardSinceSweep = true;
    this.#handle(() => this.#reader.read(chunk));
  }

  #readOn(): void {
    if (this.#reader.isPaused) this.#handle(() => this.#reader.readOn());
  }

  #handle(read: () => void): void {
    const writer = this.#writer;
    this.#reading.begin();
    writer.hold();
    try {
      read();
    } catch (error) {
      this.#defect(error);
    }
    writer.release();
    if (this.#isOutputMuch) this.#reading.hold(true);
    this.#reading.end(this.#reader.isPaused);
  }

  get #isOutputMuch(): boolean {
    return this.#writer.pendingBytes > this.#limits.readPauseBytes;
  }

  mustPause(): boolean {
    return this.#isOutputMuch || this.#reading.mustPause;
  }

  /** A defect of the server costs the connection, and whoever owns the server decides the rest. */
  #defect(error: unknown): void {
    const { onDefect } = this.#context;
    if (onDefect === undefined) throw error;
    this.destroy();
    onDefect(error);
  }

  outputWritten(): void {
    this.#transmitter.pump();
    if (!this.#isOutputMuch) this.#reading.hold(false);
  }

  /** Comes in the midst of some stream's sending, so the end of the turn must come first. */
  outputOverflow(): void {
    queueMicrotask(() => this.destroy());
  }

  // Frames.

  badPreface(): void {
    this.fail(ErrorCode.PROTOCOL_ERROR, "bad preface");
  }

  frameTooLong(): void {
    this.fail(ErrorCode.FRAME_SIZE_ERROR, "frame too long");
  }

  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.#receiver.isInHeaderBlock && type !== FrameType.CONTINUATION) {
      return this.fail(ErrorCode.PROTOCOL_ERROR, "frame within a header block");
    }
    if (!this.#hasSettings && type !== FrameType.SETTINGS) {
      return this.fail(ErrorCode.PROTOCOL_ERROR, "frame before SETTINGS");
    }
    switch (type) {
      case FrameType.DATA:
        return this.#receiver.dataFrame(flags, streamId, bytes, start, end);
      case FrameType.HEADERS:
        return this.#receiver.headersFrame(flags, streamId, bytes, start, end);
      case FrameType.CONTINUATION:
        return this.#receiver.continuationFrame(flags, streamId, bytes, start, end);
      case FrameType.SETTINGS:
        return this.#settingsFrame(flags, streamId, bytes, start, end);
      case FrameType.RST_STREAM:
        return this.#receiver.resetFrame(streamId, bytes, start, end);
      case FrameType.PUSH_PROMISE:
        return this.fail(ErrorCode.PROTOCOL_ERROR, "clients cannot push");
      default:
        return this.#controlFrame(type, flags, streamId, bytes, start, end);
    }
  }

  /** The frames of which a peer may send many without getting anything done. */
  #controlFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (!this.countControlFrame()) return;
    switch (type) {
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdateFrame(streamId, bytes, start, end);
      case FrameType.PING:
        return this.#pingFrame(flags, streamId, bytes, start, end);
      case FrameType.PRIORITY:
        return this.#priorityFrame(streamId, end - start);
      case FrameType.GOAWAY:
        return this.#goAwayFrame(streamId, end - start);
    }
  }

  countControlFrame(): boolean {
    if (this.#floods.allowsControlFrame(this.#transmitter.sentCount)) return true;
    this.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many control frames");
    return false;
  }

  #windowUpdateFrame(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "WINDOW_UPDATE length");
    const increment = bytes.readUInt32BE(start) & LARGEST_STREAM_ID;
    if (streamId === 0) {
      if (increment === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "increment is zero");
      if (this.#transmitter.addWindow(increment)) return;
      return this.fail(ErrorCode.FLOW_CONTROL_ERROR, "connection window too large");
    }
    const stream = this.#receiver.streams.get(streamId);
    if (stream === undefined) {
      if (!this.#receiver.streams.isIdle(streamId)) return;
      return this.fail(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE on idle stream");
    }
    if (increment === 0) return this.#receiver.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    if (this.#transmitter.addStreamWindow(stream, increment)) return;
    this.#receiver.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** Priorities are deprecated: the frame is checked and ignored. */
  #priorityFrame(streamId: number, length: number): void {
    if (streamId === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "PRIORITY without stream");
    if (length === 5) return;
    const stream = this.#receiver.streams.get(streamId);
    if (stream !== undefined) return this.#receiver.streamError(stream, ErrorCode.FRAME_SIZE_ERROR);
    this.fail(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY length");
  }

  #settingsFrame(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "SETTINGS on a stream");
    if (!this.#floods.allowsSettings()) {
      return this.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many SETTINGS");
    }
    if ((flags & Flag.ACK) !== 0) {
      if (end !== start) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS ack length");
      if (this.#hasSettings) return;
      return this.fail(ErrorCode.PROTOCOL_ERROR, "SETTINGS ack before SETTINGS");
    }
    // Larger windows make waiting data go out at once: the peer must see first that they count.
    this.#transmitter.writeFrame(FrameType.SETTINGS, Flag.ACK, 0, bytes, start, start);
    this.#hasSettings = true;
    const errorCode = applySettings(bytes, start, end, this);
    if (errorCode !== ErrorCode.NO_ERROR) this.fail(errorCode, "bad SETTINGS");
  }

  headerTableSize(sizeBytes: number): void {
    this.#transmitter.setHeaderTableSize(sizeBytes);
  }

  initialWindowSize(sizeBytes: number): boolean {
    const increment = sizeBytes - this.#transmitter.initialWindowBytes;
    this.#transmitter.initialWindowBytes = sizeBytes;
    for (const stream of this.#receiver.streams.values()) {
      if (!this.#transmitter.addStreamWindow(stream, increment)) return false;
    }
    return true;
  }

  maxFrameSize(sizeBytes: number): void {
    this.#transmitter.setMaxFrameSize(sizeBytes);
  }

  #pingFrame(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "PING on a stream");
    if (end - start !== PING_BYTES) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "PING length");
    if ((flags & Flag.ACK) !== 0) {
      const drained = bytes.compare(DRAIN_PING, 0, PING_BYTES, start, end) === 0;
      if (drained && this.#phase === Phase.DRAINING) this.#refuseNewStreams();
      return;
    }
    const nowMs = this.#context.clock.monotonicMs();
    if (!this.#pings.allows(nowMs, this.#receiver.streams.size, this.#transmitter.sentCount)) {
      return this.fail(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
    }
    this.#transmitter.writePing(Flag.ACK, bytes, start);
  }

  #goAwayFrame(streamId: number, length: number): void {
    if (streamId !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "GOAWAY on a stream");
    if (length < 8) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY length");
    this.#peerGoesAway = true;
    if (this.#receiver.streams.size === 0) this.#finish();
  }

  // The end.

  streamsAreDone(): void {
    if (this.#phase === Phase.FINISHING || this.#peerGoesAway) this.#finish();
  }

  /** Answers a connection error. */
  fail(errorCode: number, why: string): void {
    this.#transmitter.writeGoAway(this.#receiver.streams.lastId, errorCode, why);
    this.#finish();
    this.#receiver.close(errorCode);
  }

  /** Says the last word and ends the socket. */
  #finish(): void {
    if (this.#phase >= Phase.CLOSING) return;
    this.#enterPhase(Phase.CLOSING, this.#limits.lingerTimeoutMs);
    this.#reader.stop();
    this.#transmitter.end();
  }

  #refuseNewStreams(): void {
    this.#transmitter.writeGoAway(this.#receiver.streams.lastId, ErrorCode.NO_ERROR, "");
    this.#receiver.streams.refusesNew = true;
    this.#enterPhase(Phase.FINISHING, Infinity);
    if (this.#receiver.streams.size === 0) this.#finish();
  }

  #enterPhase(phase: number, timeoutMs: number): void {
    this.#phase = phase;
    this.#phaseDeadlineMs = this.#context.clock.monotonicMs() + timeoutMs;
  }

  /** The socket is closed. */
  #closed(): void {
    if (this.#phase === Phase.CLOSED) return;
    this.#phase = Phase.CLOSED;
    this.#reader.stop();
    this.#reading.close();
    this.#context.sweeper.remove(this);
    this.#writer.close();
    this.#receiver.close(ErrorCode.CANCEL);
    this.#transmitter.close();
    this.#onClose();
  }

  // Timeouts.

  sweep(nowMs: number): void {
    const heard = this.#heardSinceSweep;
    this.#heardSinceSweep = false;
    if (this.#isOverdue(nowMs)) return this.destroy();
    if (this.#phase === Phase.DRAINING && nowMs >= this.#phaseDeadlineMs) this.#refuseNewStreams();
    const verdict = this.#keepAlive.check(nowMs, heard);
    if (verdict === "dead") this.destroy();
    if (verdict === "ping") this.#transmitter.writePing(Flag.NONE, KEEP_ALIVE_PING, 0);
  }

  #isOverdue(nowMs: number): boolean {
    if (this.#phase === Phase.CLOSING && nowMs >= this.#phaseDeadlineMs) return true;
    if (!this.#hasSettings && nowMs >= this.#handshakeDeadlineMs) return true;
    if (this.#receiver.isOverdue(nowMs)) return true;
    const writer = this.#writer;
    return this.#writeStall.check(nowMs, writer.inFlightBytes > 0, writer.writeCount);
  }
}
