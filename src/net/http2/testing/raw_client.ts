import { Buffer } from "node:buffer";
import { concatBytes } from "../../../base/bytes.ts";
import type { HeaderList } from "../../hpack/header_list.ts";
import { HTTP2_LIMITS, type Http2Limits } from "../../limits.ts";
import { Http2Connection } from "../connection.ts";
import { Http2Context, type Http2Options } from "../context.ts";
import type { Http2Handler, Http2Stream, Http2StreamListener } from "../handler.ts";
import { FakeSocket } from "./fake_socket.ts";
import { type Frame, FrameTeller, parseFrames, PREFACE, settings, settingsAck } from "./frames.ts";
import { ManualClock } from "../../../base/manual_clock.ts";

/** A request as the layer above the connection saw it. */
export class RecordedRequest implements Http2StreamListener {
  readonly stream: Http2Stream;
  readonly headers: HeaderList;
  body = "";
  ended: boolean;
  trailersSeen: HeaderList | undefined;
  closedWith: number | undefined;
  closedCount = 0;
  drainedCount = 0;
  onData: (() => void) | undefined;
  onEnd: (() => void) | undefined;
  onDrained: (() => void) | undefined;

  constructor(stream: Http2Stream, headers: HeaderList, endStream: boolean) {
    this.stream = stream;
    this.headers = headers;
    this.ended = endStream;
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.body += Buffer.from(bytes.subarray(start, end)).toString("latin1");
    this.onData?.();
  }

  end(): void {
    this.ended = true;
    this.onEnd?.();
  }

  trailers(headers: HeaderList): void {
    this.trailersSeen = headers;
  }

  closed(errorCode: number): void {
    this.closedCount++;
    this.closedWith = errorCode;
  }

  drained(): void {
    this.drainedCount++;
    this.onDrained?.();
  }
}

/** A frame with what FrameTeller says of it. */
interface ToldFrame extends Frame {
  readonly told: string;
}

export interface RawClientOptions extends Partial<Omit<Http2Options, "clock" | "limits">> {
  readonly limits?: Partial<Http2Limits>;
  /** Whether preface and SETTINGS have been exchanged before the test begins. @default {true} */
  readonly handshake?: boolean;
}

/** The client's side of one connection, frame by frame, without a network. */
export class RawClient implements Http2Handler {
  readonly socket = new FakeSocket();
  readonly clock = new ManualClock();
  readonly context: Http2Context;
  readonly connection: Http2Connection;
  readonly requests: RecordedRequest[] = [];
  closeCount = 0;
  onStream: ((request: RecordedRequest) => void) | undefined;

  readonly #teller = new FrameTeller();
  #unparsed: Buffer = Buffer.alloc(0);

  constructor(options: RawClientOptions = {}) {
    this.context = new Http2Context({
      handler: this,
      ...options,
      clock: this.clock,
      limits: { ...HTTP2_LIMITS, ...options.limits },
    });
    this.connection = new Http2Connection(
      this.socket,
      { address: "192.0.2.1", isEncrypted: false, commonName: undefined },
      this.context,
      () => this.closeCount++,
    );
    this.connection.start();
    if (options.handshake === false) return;
    this.send(PREFACE, settings(), settingsAck());
    this.frames();
  }

  stream(stream: Http2Stream, headers: HeaderList, endStream: boolean): void {
    const request = new RecordedRequest(stream, headers, endStream);
    stream.listener = request;
    this.requests.push(request);
    this.onStream?.(request);
  }

  /** Sends frames in one chunk. */
  send(...frames: readonly Uint8Array[]): void {
    this.socket.emitData(concatBytes(frames));
  }

  /** What the server has sent since the last look. */
  frames(): ToldFrame[] {
    const bytes = Buffer.concat([this.#unparsed, this.socket.take()]);
    const { frames, rest } = parseFrames(bytes);
    this.#unparsed = rest;
    return frames.map((frame) => ({ ...frame, told: this.#teller.tell(frame) }));
  }

  /** The same in short: see FrameTeller. */
  told(): string[] {
    return this.frames().map((frame) => frame.told);
  }

  /** Lets the end of the turn come, when output of that turn goes out. */
  async turn(): Promise<void> {
    await Promise.resolve();
  }

  /** The socket is closed, for whatever reason. */
  hangUp(): void {
    this.socket.emit("close");
  }
}
