import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** Frame types and flags of HTTP/2 that a client of gRPC meets. */
const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;
const FLAG_ACK = 0x1;
const FLAG_END_STREAM = 0x1;
const FLAG_END_HEADERS = 0x4;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER_BYTES = 9;
const GRPC_PREFIX_BYTES = 5;

/** The largest window there is: the server shall never wait for us. */
const WINDOW_BYTES = 0x7fff_ffff;
/** The window every peer starts with. */
const INITIAL_WINDOW_BYTES = 65_535;
/** Credit goes back in steps so large that its cost does not show. */
const CREDIT_STEP_BYTES = 64 * 1024 * 1024;
/** Large frames mean fewer frame headers to read; grpc-go still sends 16 KiB. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** What every peer takes without having said so. */
const MAX_SENT_FRAME_BYTES = 16_384;

/** Receives what comes on one stream. */
export interface LeanStreamListener {
  /** A piece of the gRPC byte stream, cut anywhere; valid only during the call. */
  data(bytes: Buffer, start: number, end: number): void;
  /** The server finished the stream, in whatever way. */
  ended(): void;
}

interface Stream {
  readonly listener: LeanStreamListener;
  receivedBytes: number;
}

/**
 * The smallest HTTP/2 client that can load a gRPC server: it neither reads headers nor waits for
 * windows, so that measuring costs little beside what is measured. Not for anything else: whether
 * a request did what it should is proved afterwards, by the server's state.
 */
export class LeanConnection implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #authority: string;
  /** Header blocks by path: a connection has one or two. */
  readonly #headerBlocks = new Map<string, Buffer>();
  readonly #streams = new Map<number, Stream>();
  #nextStreamId = 1;
  /** The header of the frame that is being read, as far as it has come. */
  readonly #frameHeader = Buffer.alloc(FRAME_HEADER_BYTES);
  #frameHeaderBytes = 0;
  #payloadBytesLeft = 0;
  /** What has come of a frame other than DATA. */
  #payload: Buffer[] = [];
  #receivedBytes = 0;
  #sendWindowBytes = INITIAL_WINDOW_BYTES;
  /** DATA frames that wait for the server to open the connection's window. */
  readonly #heldFrames: Buffer[] = [];
  #output: Buffer[] = [];
  #isFlushQueued = false;
  #isClosing = false;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#authority = `127.0.0.1:${port}`;
    socket.setNoDelay(true);
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => this.#fail(new Error("the server closed the connection")));
    this.#write(Buffer.from(PREFACE, "latin1"));
    this.#write(settingsFrame());
    this.#write(windowUpdateFrame(0, WINDOW_BYTES - INITIAL_WINDOW_BYTES));
  }

  static open(port: number): Promise<LeanConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new LeanConnection(socket, port));
      });
    });
  }

  static openAll(port: number, count: number): Promise<LeanConnection[]> {
    return Promise.all(Array.from({ length: count }, () => LeanConnection.open(port)));
  }

  static async closeAll(connections: readonly LeanConnection[]): Promise<void> {
    for (const connection of connections) await connection.close();
  }

  /** Opens a stream without sending a message yet. */
  openStream(path: string, listener: LeanStreamListener): number {
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#streams.set(id, { listener, receivedBytes: 0 });
    this.#write(frame(FRAME.HEADERS, FLAG_END_HEADERS, id, this.#headerBlock(path)));
    return id;
  }

  #headerBlock(path: string): Buffer {
    const known = this.#headerBlocks.get(path);
    if (known !== undefined) return known;
    const block = headerBlock(path, this.#authority);
    this.#headerBlocks.set(path, block);
    return block;
  }

  send(streamId: number, message: Uint8Array, isLast: boolean): void {
    const payload = Buffer.alloc(GRPC_PREFIX_BYTES + message.length);
    payload.writeUInt32BE(message.length, 1);
    payload.set(message, GRPC_PREFIX_BYTES);
    for (let start = 0; start < payload.length; start += MAX_SENT_FRAME_BYTES) {
      const end = Math.min(payload.length, start + MAX_SENT_FRAME_BYTES);
      const flags = isLast && end === payload.length ? FLAG_END_STREAM : 0;
      this.#heldFrames.push(frame(FRAME.DATA, flags, streamId, payload.subarray(start, end)));
    }
    this.#writeHeldFrames();
  }

  /** Minds the connection's window only: no message sent here comes near a stream's. */
  #writeHeldFrames(): void {
    let written = 0;
    for (const held of this.#heldFrames) {
      const dataBytes = held.length - FRAME_HEADER_BYTES;
      if (dataBytes > this.#sendWindowBytes) break;
      this.#sendWindowBytes -= dataBytes;
      this.#write(held);
      written++;
    }
    if (written > 0) this.#heldFrames.splice(0, written);
  }

  /** One unary call; resolves with the response message, or undefined if none came. */
  unary(path: string, request: Uint8Array): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const pieces: Buffer[] = [];
      const id = this.openStream(path, {
        data: (bytes, start, end) => pieces.push(Buffer.from(bytes.subarray(start, end))),
        ended: () => resolve(onlyMessage(pieces)),
      });
      this.send(id, request, true);
    });
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.destroy();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Everything written in one turn leaves in one system call. */
  #write(bytes: Buffer): void {
    this.#output.push(bytes);
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    queueMicrotask(() => {
      this.#isFlushQueued = false;
      const output = this.#output;
      this.#output = [];
      this.#socket.write(output.length === 1 ? output[0] : Buffer.concat(output));
    });
  }

  /** Frames are read as they come: DATA is passed on in pieces, so nothing large is ever copied. */
  #receive(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#frameHeaderBytes < FRAME_HEADER_BYTES) {
        position += this.#readFrameHeader(chunk, position);
        if (this.#frameHeaderBytes < FRAME_HEADER_BYTES) return;
        this.#payloadBytesLeft = this.#frameHeader.readUIntBE(0, 3);
      }
      const end = Math.min(chunk.length, position + this.#payloadBytesLeft);
      this.#payloadBytesLeft -= end - position;
      if (this.#frameHeader[3] === FRAME.DATA) this.#handleData(chunk, position, end);
      else this.#payload.push(chunk.subarray(position, end));
      position = end;
      if (this.#payloadBytesLeft === 0) this.#finishFrame();
    }
  }

  #readFrameHeader(chunk: Buffer, position: number): number {
    const wanted = FRAME_HEADER_BYTES - this.#frameHeaderBytes;
    const end = Math.min(chunk.length, position + wanted);
    chunk.copy(this.#frameHeader, this.#frameHeaderBytes, position, end);
    this.#frameHeaderBytes += end - position;
    return end - position;
  }

  #finishFrame(): void {
    const [type, flags, streamId] = [this.#frameHeader[3], this.#frameHeader[4], this.#streamId()];
    const payload = this.#payload.length === 1 ? this.#payload[0] : Buffer.concat(this.#payload);
    this.#payload = [];
    this.#frameHeaderBytes = 0;
    if (type === FRAME.SETTINGS && (flags & FLAG_ACK) === 0) {
      this.#write(frame(FRAME.SETTINGS, FLAG_ACK, 0, Buffer.alloc(0)));
    } else if (type === FRAME.PING && (flags & FLAG_ACK) === 0) {
      this.#write(frame(FRAME.PING, FLAG_ACK, 0, payload));
    } else if (type === FRAME.WINDOW_UPDATE && streamId === 0) {
      this.#sendWindowBytes += payload.readUInt32BE(0);
      this.#writeHeldFrames();
    } else if (type === FRAME.GOAWAY) this.#fail(new Error("the server sent GOAWAY"));
    const mayEnd = type === FRAME.DATA || type === FRAME.HEADERS;
    if (type === FRAME.RST_STREAM || (mayEnd && (flags & FLAG_END_STREAM) !== 0)) {
      const stream = this.#streams.get(streamId);
      this.#streams.delete(streamId);
      stream?.listener.ended();
    }
  }

  #streamId(): number {
    return this.#frameHeader.readUInt32BE(5) & 0x7fff_ffff;
  }

  #handleData(bytes: Buffer, start: number, end: number): void {
    this.#receivedBytes += end - start;
    if (this.#receivedBytes >= CREDIT_STEP_BYTES) {
      this.#write(windowUpdateFrame(0, this.#receivedBytes));
      this.#receivedBytes = 0;
    }
    const streamId = this.#streamId();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.receivedBytes += end - start;
    if (stream.receivedBytes >= CREDIT_STEP_BYTES) {
      this.#write(windowUpdateFrame(streamId, stream.receivedBytes));
      stream.receivedBytes = 0;
    }
    stream.listener.data(bytes, start, end);
  }

  #fail(error: Error): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.destroy();
    throw error;
  }
}

/** Puts a stream's pieces together to messages. */
export class MessageReader {
  readonly #onMessage: (bytes: Buffer, start: number, end: number) => void;
  /** The front part of a message whose rest has not come yet. */
  #pending: Buffer | undefined;

  /** `onMessage` gets bytes that are valid only during the call. */
  constructor(onMessage: (bytes: Buffer, start: number, end: number) => void) {
    this.#onMessage = onMessage;
  }

  read(bytes: Buffer, start: number, end: number): void {
    if (this.#pending === undefined) this.#readWhole(bytes, start, end);
    else {
      const whole = Buffer.concat([this.#pending, bytes.subarray(start, end)]);
      this.#readWhole(whole, 0, whole.length);
    }
  }

  #readWhole(bytes: Buffer, start: number, end: number): void {
    let position = start;
    while (end - position >= GRPC_PREFIX_BYTES) {
      const messageStart = position + GRPC_PREFIX_BYTES;
      const messageEnd = messageStart + bytes.readUInt32BE(position + 1);
      if (messageEnd > end) break;
      this.#onMessage(bytes, messageStart, messageEnd);
      position = messageEnd;
    }
    this.#pending = position === end ? undefined : Buffer.from(bytes.subarray(position, end));
  }
}

/** The message that a unary call was answered with; joined once, however large it is. */
function onlyMessage(pieces: readonly Buffer[]): Uint8Array | undefined {
  if (pieces.length === 0) return undefined;
  const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  if (bytes.length < GRPC_PREFIX_BYTES) return undefined;
  // A stream that breaks off in the middle of its message has not answered.
  if (bytes.length !== GRPC_PREFIX_BYTES + bytes.readUInt32BE(1)) return undefined;
  return bytes.subarray(GRPC_PREFIX_BYTES);
}

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

function windowUpdateFrame(streamId: number, credit: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(credit, 0);
  return frame(FRAME.WINDOW_UPDATE, 0, streamId, payload);
}

function settingsFrame(): Buffer {
  const settings: readonly (readonly [number, number])[] = [
    [1, 0], // SETTINGS_HEADER_TABLE_SIZE: we do not read headers, so none need be remembered.
    [2, 0], // SETTINGS_ENABLE_PUSH
    [4, WINDOW_BYTES], // SETTINGS_INITIAL_WINDOW_SIZE
    [5, MAX_FRAME_BYTES], // SETTINGS_MAX_FRAME_SIZE
  ];
  const payload = Buffer.alloc(settings.length * 6);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(FRAME.SETTINGS, 0, 0, payload);
}

/** Literal headers without indexing (RFC 7541, 6.2.2): the plainest block there is. */
function headerBlock(path: string, authority: string): Buffer {
  const fields: readonly (readonly [string, string])[] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", authority],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
  return Buffer.concat(fields.map(([name, value]) => {
    return Buffer.concat([Buffer.from([0]), literal(name), literal(value)]);
  }));
}

function literal(text: string): Buffer {
  if (text.length >= 127) throw new Error(`too long for a one-byte length: ${text}`);
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "latin1")]);
}
