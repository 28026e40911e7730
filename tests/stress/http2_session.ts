import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { concatBytes, EMPTY_BYTES } from "../../src/base/bytes.ts";
import { HpackDecoder } from "../../src/net/hpack/decoder.ts";
import { Flag, FrameType, SettingId } from "../../src/net/http2/protocol.ts";
import {
  block,
  data,
  type Frame,
  frame,
  parseFrames,
  ping,
  PREFACE,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from "../../src/net/http2/testing/frames.ts";

/** No answer takes nearly as long on a loopback interface, whatever else the machine does. */
const PATIENCE_MS = 20_000;

const LARGEST_WINDOW_BYTES = 0x7fff_ffff;
const DEFAULT_WINDOW_BYTES = 65_535;
const MAX_FRAME_BYTES = 16_384;

/** What stands before a gRPC message: a flag and the length. */
const PREFIX_BYTES = 5;

/** What has come on one stream so far. */
export class StreamAnswer {
  readonly id: number;
  /** The method that was called. */
  readonly path: string;
  httpStatus: string | undefined;
  /** gRPC's code; undefined while there is none. */
  grpcStatus: number | undefined;
  grpcMessage = "";
  /** Response messages, without their prefixes. */
  readonly messages: Buffer[] = [];
  /** How many bytes more the server takes on the stream than it did at first. */
  grantedBytes = 0;
  resetCode: number | undefined;
  ended = false;
  #unfinished: Buffer[] = [];
  #unfinishedBytes = 0;
  #neededBytes = PREFIX_BYTES;

  constructor(id: number, path: string) {
    this.id = id;
    this.path = path;
  }

  /** Whether nothing more can come. */
  get over(): boolean {
    return this.ended || this.resetCode !== undefined;
  }

  /** Takes what a DATA frame brought. */
  receive(payload: Buffer): void {
    this.#unfinished.push(payload);
    this.#unfinishedBytes += payload.length;
    if (this.#unfinishedBytes < this.#neededBytes) return;
    let bytes = Buffer.concat(this.#unfinished);
    while (bytes.length >= (this.#neededBytes = wholeLength(bytes))) {
      this.messages.push(bytes.subarray(PREFIX_BYTES, this.#neededBytes));
      bytes = bytes.subarray(this.#neededBytes);
    }
    this.#unfinished = [bytes];
    this.#unfinishedBytes = bytes.length;
  }
}

/** How long a message is with its prefix, as far as that is known. */
function wholeLength(bytes: Buffer): number {
  return bytes.length < PREFIX_BYTES ? PREFIX_BYTES : PREFIX_BYTES + bytes.readUInt32BE(1);
}

/** How a request differs from a usual one. */
interface RequestOptions {
  /** More header fields: name, value, name, value. */
  readonly fields?: readonly string[];
  /** What stands behind the fields in the header block, encoded already. */
  readonly blockEnd?: Uint8Array;
  /** What follows the headers, if anything; framed already. */
  readonly body?: Uint8Array;
  /** Whether the client has said all that it has to say. @default {true} */
  readonly endStream?: boolean;
}

/**
 * The client's side of one real HTTP/2 connection, frame by frame: it can do what no decent
 * library lets one do.
 */
export class Http2Session {
  /** By stream ID, in the order in which they were opened. */
  readonly answers = new Map<number, StreamAnswer>();
  goAwayCode: number | undefined;
  isClosed = false;
  readonly #socket: Socket;
  readonly #decoder = new HpackDecoder({
    maxTableSizeBytes: 4096,
    maxListSizeBytes: 1024 * 1024,
  });
  #unparsed: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    // The close behind it tells everything that matters.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** Connects and exchanges settings: by default there is room for everything that may come. */
  static async open(
    address: ServerAddress,
    windowBytes = LARGEST_WINDOW_BYTES,
  ): Promise<Http2Session> {
    const socket = await openSocket(address);
    const session = new Http2Session(socket);
    session.send(
      PREFACE,
      settings([SettingId.INITIAL_WINDOW_SIZE, windowBytes]),
      windowUpdate(0, LARGEST_WINDOW_BYTES - DEFAULT_WINDOW_BYTES),
    );
    return session;
  }

  /** Puts frames, or anything else, on the wire in one piece. */
  send(...parts: readonly Uint8Array[]): void {
    if (!this.isClosed) this.#socket.write(Buffer.concat(parts));
  }

  /** Opens a stream with a request to a method. */
  request(path: string, options: RequestOptions = {}): StreamAnswer {
    const { fields = [], blockEnd = EMPTY_BYTES, body, endStream = true } = options;
    const answer = new StreamAnswer(this.#nextId, path);
    this.#nextId += 2;
    this.answers.set(answer.id, answer);
    const flags = Flag.END_HEADERS | (endStream && body === undefined ? Flag.END_STREAM : 0);
    const fieldBlock = concatBytes([block(...requestFields(path, fields)), blockEnd]);
    const head = frame(FrameType.HEADERS, flags, answer.id, fieldBlock);
    if (body === undefined) this.send(head);
    else this.send(head, ...dataFrames(answer.id, body, endStream));
    return answer;
  }

  /** Says more on a stream. */
  sendData(answer: StreamAnswer, body: Uint8Array, endStream = false): void {
    this.send(...dataFrames(answer.id, body, endStream));
  }

  /** Takes more on a stream. */
  grant(answer: StreamAnswer, sizeBytes: number): void {
    this.send(windowUpdate(answer.id, sizeBytes));
  }

  /** Takes a request back. */
  reset(answer: StreamAnswer): void {
    this.send(reset(answer.id));
  }

  /** Returns once something is so; fails when the connection ends before or nothing happens. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      assert.ok(!this.isClosed, `the server closed the connection, GOAWAY ${this.goAwayCode}`);
      await this.#nextEvent(deadlineMs - performance.now(), what);
    }
  }

  /** Returns once every stream is over. */
  async untilAllOver(): Promise<void> {
    await this.until("every stream is over", () => {
      for (const answer of this.answers.values()) if (!answer.over) return false;
      return true;
    });
  }

  /** Returns once the server has closed the connection. */
  async untilClosed(): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!this.isClosed) {
      await this.#nextEvent(deadlineMs - performance.now(), "the server closes the connection");
    }
  }

  /** Is gone from one moment to the next, as a client that is killed. */
  async vanish(): Promise<void> {
    this.#socket.resetAndDestroy();
    await this.untilClosed();
  }

  /** Hangs up. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.untilClosed();
  }

  async #nextEvent(timeoutMs: number, what: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      const complain = (): void => reject(new Error(`it took too long until ${what}`));
      timer = setTimeout(complain, Math.max(0, timeoutMs));
    }).finally(() => clearTimeout(timer));
  }

  #received(chunk: Buffer): void {
    const { frames, rest } = parseFrames(Buffer.concat([this.#unparsed, chunk]));
    this.#unparsed = rest;
    for (const received of frames) this.#frame(received);
    this.#wake();
  }

  #frame({ type, flags, streamId, payload }: Frame): void {
    const answer = this.answers.get(streamId);
    switch (type) {
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) === 0) this.send(settingsAck());
        break;
      case FrameType.PING:
        if ((flags & Flag.ACK) === 0) this.send(ping(payload, Flag.ACK));
        break;
      case FrameType.GOAWAY:
        this.goAwayCode = payload.readUInt32BE(4);
        break;
      case FrameType.HEADERS:
        // Also for a stream that nobody waits for: the decoder's state depends on every block.
        this.#fields(answer, flags, payload);
        break;
      case FrameType.DATA:
        answer?.receive(payload);
        break;
      case FrameType.RST_STREAM:
        if (answer !== undefined) answer.resetCode = payload.readUInt32BE(0);
        break;
      case FrameType.WINDOW_UPDATE:
        if (answer !== undefined) answer.grantedBytes += payload.readUInt32BE(0);
        break;
      default:
        assert.fail(`a server sends no frame of type ${type}`);
    }
    if (answer !== undefined && (flags & Flag.END_STREAM) !== 0 && type <= FrameType.HEADERS) {
      answer.ended = true;
    }
  }

  #fields(answer: StreamAnswer | undefined, flags: number, payload: Buffer): void {
    assert.ok((flags & Flag.END_HEADERS) !== 0, "our answers have short headers");
    const list = this.#decoder.decode(payload, 0, payload.length);
    if (answer === undefined) return;
    answer.httpStatus ??= list.get(":status");
    const status = list.get("grpc-status");
    if (status === undefined) return;
    answer.grpcStatus = Number(status);
    answer.grpcMessage = decodeURIComponent(list.get("grpc-message") ?? "");
  }
}

/** DATA frames of a size that every server takes. */
function dataFrames(streamId: number, body: Uint8Array, endStream: boolean): Buffer[] {
  const frames: Buffer[] = [];
  let start = 0;
  do {
    const end = Math.min(start + MAX_FRAME_BYTES, body.length);
    frames.push(data(streamId, body.subarray(start, end), endStream && end === body.length));
    start = end;
  } while (start < body.length);
  return frames;
}

/** The header fields of a request to a gRPC method. */
export function requestFields(path: string, more: readonly string[] = []): string[] {
  return [
    ...[":method", "POST", ":scheme", "http", ":path", path, ":authority", "127.0.0.1"],
    ...["content-type", "application/grpc", "te", "trailers", ...more],
  ];
}

/** A gRPC message with its prefix. */
export function message(bytes: Uint8Array, flag = 0): Buffer {
  return Buffer.concat([announcement(bytes.length, flag), bytes]);
}

/** The prefix of a message that never comes whole. */
export function announcement(sizeBytes: number, flag = 0): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix[0] = flag;
  prefix.writeUInt32BE(sizeBytes, 1);
  return prefix;
}

/** Where a server listens: a port of the loopback interface, or the path of a unix socket. */
export type ServerAddress = number | string;

/** A connection of TCP, or of a unix socket. */
export function openSocket(address: ServerAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = typeof address === "string"
      ? connect({ path: address })
      : connect({ port: address, host: "127.0.0.1", noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
