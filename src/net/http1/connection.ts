import { Buffer } from "node:buffer";
import type { Tunnel, TunnelListener } from "../http/exchange.ts";
import type { ByteSocket } from "../http2/socket.ts";
import type { Sweepable } from "../http2/sweeper.ts";
import { SocketReading } from "../http2/socket_reading.ts";
import { WriteStall } from "../http2/write_stall.ts";
import type { Http1Limits } from "../limits.ts";
import type { RemoteEnd } from "../remote_end.ts";
import { BodyReader } from "./body_reader.ts";
import type { Http1Context } from "./context.ts";
import { type ExchangeOwner, Http1Exchange } from "./http1_exchange.ts";
import { Http1Output, type OutputOwner } from "./output.ts";
import { BadRequest, parseRequestHead, type RequestHead } from "./request_head.ts";
import { statusLine } from "./response_head.ts";

const NOTHING: Buffer = Buffer.alloc(0);
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");
/** A head whose lines end in this alone would never end by HEAD_END. */
const BARE_END = Buffer.from("\n\n", "latin1");

/**
 * The server's side of one HTTP/1.1 connection (RFC 9112). Requests that come one behind the other
 * are answered one by one: the next is looked at when the answer of the one before is complete.
 */
export class Http1Connection implements ExchangeOwner, OutputOwner, Sweepable {
  readonly remote: RemoteEnd;
  readonly output: Http1Output;
  readonly #socket: ByteSocket;
  readonly #context: Http1Context;
  readonly #limits: Http1Limits;
  readonly #onClose: () => void;
  /** What has come and was not looked at is #input[#position, ...). */
  #input: Buffer = NOTHING;
  #position = 0;
  #advancing = false;
  readonly #reading: SocketReading;
  /** Whether a request was begun since the last chunk came, or since the last turn. */
  #hasBegun = false;
  #isDeferred = false;

  #exchange: Http1Exchange | undefined;
  #body: BodyReader | undefined;
  #drainedBytes = 0;
  #lastHead: RequestHead | undefined;
  #lastHeadText = "";
  #continueWanted = false;
  #tunnel: TunnelListener | undefined;
  #tunnelPaused = false;

  #closing = false;
  #closed = false;
  /** All is said: what still comes is not looked at. */
  #lingering = false;
  /** Since when the same is waited for. */
  #waitingSinceMs: number;
  #hasAnswered = false;
  readonly #writeStall: WriteStall;

  constructor(socket: ByteSocket, remote: RemoteEnd, context: Http1Context, onClose: () => void) {
    this.remote = remote;
    this.#socket = socket;
    this.#context = context;
    this.#limits = context.limits;
    this.#onClose = onClose;
    this.output = new Http1Output(socket, context, this);
    this.#reading = new SocketReading(socket, context.readTurns);
    this.#writeStall = new WriteStall(this.#limits.writeStallTimeoutMs);
    this.#waitingSinceMs = context.clock.monotonicMs();
  }

  /** Begins to talk. `firstBytes`: what was read of the socket before. */
  start(firstBytes: Buffer): void {
    const socket = this.#socket;
    socket.on("data", (chunk) => this.#data(chunk));
    socket.on("end", () => this.#inputEnded());
    // The socket closes after an error, and that is all that matters here.
    socket.on("error", () => {});
    socket.on("close", () => this.#socketClosed());
    this.#context.sweeper.add(this);
    this.#data(firstBytes);
  }

  get dateLine(): string {
    return this.#context.dateLine;
  }

  get mayContinue(): boolean {
    if (this.#closing) return false;
    // A client that waits for leave to send its body may send it or not: the next bytes could be
    // either.
    return this.#body?.isDone !== false || !this.#continueWanted;
  }

  /** Ends the connection behind the answer that is under way, or at once. */
  closeWhenIdle(): void {
    this.#closing = true;
    if (this.#tunnel !== undefined) return this.#tunnel.closeSoon();
    const exchange = this.#exchange;
    if (exchange === undefined && this.output.isEmpty) this.destroy();
    else if (exchange === undefined || exchange.finished) this.#linger();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#socketClosed();
  }

  // Input.

  #data(chunk: Buffer): void {
    this.#hasBegun = false;
    this.#reading.begin();
    this.#take(chunk);
    this.#reading.end();
  }

  #take(chunk: Buffer): void {
    if (this.#lingering || this.#closed) return;
    if (this.#tunnel !== undefined) {
      this.#guarded(() => this.#tunnel?.data(chunk, 0, chunk.length));
      if (!this.#closed) this.#pauseOrResume();
      return;
    }
    this.#input = this.#position === this.#input.length
      ? chunk
      : Buffer.concat([this.#input.subarray(this.#position), chunk]);
    this.#position = 0;
    this.#advance();
  }

  /** Looks at the input as far as it may be looked at. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    this.#reading.begin();
    this.output.hold();
    this.#guarded(() => {
      while (this.#step());
    });
    this.#reading.end();
    this.#advancing = false;
    if (this.#closed) return;
    this.output.release();
    this.#pauseOrResume();
  }

  /** Runs what handlers and listeners may be called in. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof BadRequest) this.#refuse(error);
      else this.#defect(error);
    }
  }

  /** A defect of the server costs the connection, and whoever owns the server decides the rest. */
  #defect(error: unknown): void {
    const { onDefect } = this.#context;
    if (onDefect === undefined) throw error;
    this.destroy();
    onDefect(error);
  }

  #step(): boolean {
    if (this.#lingering || this.#closed) return false;
    if (this.#tunnel !== undefined) return this.#feedTunnel();
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#beginExchange();
    const body = this.#body;
    if (body !== undefined && !body.isDone) return this.#readBody(exchange, body);
    if (!exchange.finished) return false;
    this.#exchange = undefined;
    this.#body = undefined;
    return true;
  }

  #beginExchange(): boolean {
    // What is answered must be out, or nearly so: a long body may still be on its way, and a client
    // that takes nothing gets nothing more.
    if (this.output.congested || this.#mustWait()) return false;
    const head = this.#readHead();
    if (head === undefined) return false;
    this.#hasBegun = true;
    const exchange = new Http1Exchange(this, head);
    this.#exchange = exchange;
    this.#continueWanted = head.expectsContinue;
    this.#drainedBytes = 0;
    this.#waitingSinceMs = this.#context.clock.monotonicMs();
    if (head.framing !== 0) {
      this.#body = new BodyReader(head.framing, (bytes, start, end) => {
        if (exchange.finished) this.#drainedBytes += end - start;
        else exchange.listener?.data(bytes, start, end);
      });
    }
    this.#context.handler(exchange);
    if (this.#body === undefined && !exchange.finished) exchange.listener?.end();
    this.#sendContinue(exchange);
    return true;
  }

  /** Each connection has one request a turn at the least; more, as long as there is time. */
  #mustWait(): boolean {
    if (this.#isDeferred) return true;
    const { readTurns } = this.#context;
    if (!this.#hasBegun || this.#position === this.#input.length || !readTurns.isOver) return false;
    this.#isDeferred = true;
    readTurns.inNext(() => {
      this.#isDeferred = false;
      this.#hasBegun = false;
      if (!this.#closed) this.#advance();
    });
    return true;
  }

  #sendContinue(exchange: Http1Exchange): void {
    if (!this.#continueWanted || exchange.finished || exchange.begun) return;
    this.#continueWanted = false;
    if (this.#body !== undefined) this.output.latin1(`${statusLine(100)}\r\n`);
  }

  #readHead(): RequestHead | undefined {
    const input = this.#input;
    if (input.length - this.#position >= 2 && input[this.#position] === 0x0d) {
      // One empty line behind a body is what old clients send.
      if (input[this.#position + 1] === 0x0a) this.#position += 2;
    }
    const start = this.#position;
    const end = input.indexOf(HEAD_END, start);
    const sizeBytes = (end < 0 ? input.length : end) - start;
    if (sizeBytes > this.#limits.maxHeaderBytes) throw new BadRequest(431, "headers too large");
    if (end < 0) {
      if (input.indexOf(BARE_END, start) >= 0) throw new BadRequest(400, "malformed line ending");
      return undefined;
    }
    this.#position = end + HEAD_END.length;
    const text = input.toString("latin1", start, end);
    // A client that repeats its requests repeats their heads byte by byte.
    if (this.#lastHead !== undefined && text === this.#lastHeadText) return this.#lastHead;
    const head = parseRequestHead(text);
    const isKept = text.length <= this.#limits.maxKeptHeadBytes;
    this.#lastHead = isKept ? head : undefined;
    this.#lastHeadText = isKept ? text : "";
    return head;
  }

  #readBody(exchange: Http1Exchange, body: BodyReader): boolean {
    if (this.#position === this.#input.length) return false;
    if (exchange.paused && !exchange.finished) return false;
    this.#position = body.read(this.#input, this.#position, this.#input.length);
    if (this.#drainedBytes > this.#limits.maxDrainedBodyBytes) this.#linger();
    if (!body.isDone) return false;
    this.#waitingSinceMs = this.#context.clock.monotonicMs();
    if (!exchange.finished) exchange.listener?.end();
    return true;
  }

  #pauseOrResume(): void {
    const waitingBytes = this.#input.length - this.#position;
    const pause = waitingBytes > this.#limits.readPauseBytes ||
      (this.#tunnel !== undefined && (this.#tunnelPaused || this.output.congested));
    this.#reading.hold(pause);
  }

  exchangeResumed(): void {
    this.#advance();
  }

  // Answers.

  exchangeFinished(keepAlive: boolean): void {
    this.#hasAnswered = true;
    this.#waitingSinceMs = this.#context.clock.monotonicMs();
    if (!keepAlive || this.#closing) this.#linger();
    else this.#advance();
  }

  /** The head, or the framing of the body, is wrong: nothing behind it can be understood. */
  #refuse(error: BadRequest): void {
    const exchange = this.#exchange;
    if (exchange === undefined || !(exchange.begun || exchange.finished)) {
      const status = statusLine(error.status);
      const text = `${status.slice("HTTP/1.1 ".length).trim()}: ${error.message}`;
      this.output.latin1(
        `${status}Content-Type: text/plain; charset=utf-8\r\n` +
          `Content-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
      );
    }
    this.#linger();
    exchange?.closed();
  }

  /** Ends the connection once all is written, and gives the client time to read it. */
  #linger(): void {
    if (this.#lingering) return;
    this.#lingering = true;
    this.#input = NOTHING;
    this.#position = 0;
    this.#waitingSinceMs = this.#context.clock.monotonicMs();
    this.output.end();
  }

  outputDrained(): void {
    if (this.#tunnel !== undefined) {
      this.#guarded(() => this.#tunnel?.drained());
      this.#pauseOrResume();
    } else if (this.#exchange !== undefined && !this.#exchange.finished) {
      this.#guarded(() => this.#exchange?.listener?.drained());
    } else {
      this.#advance();
    }
  }

  /** Comes in the midst of somebody's sending, so the end of the turn must come first. */
  outputOverflow(): void {
    queueMicrotask(() => this.destroy());
  }

  // Tunnels.

  openTunnel(listener: TunnelListener): Tunnel {
    this.#tunnel = listener;
    // Its first bytes may be here already.
    queueMicrotask(() => this.#advance());
    return {
      send: (bytes, start, end) => {
        if (!this.#lingering && !this.#closed) this.output.bytes(bytes, start, end);
        return !this.output.congested;
      },
      end: () => this.#linger(),
      pause: (isPaused) => {
        this.#tunnelPaused = isPaused;
        if (!this.#closed) this.#pauseOrResume();
      },
    };
  }

  #feedTunnel(): boolean {
    const [input, start] = [this.#input, this.#position];
    this.#input = NOTHING;
    this.#position = 0;
    if (start < input.length) this.#tunnel?.data(input, start, input.length);
    return false;
  }

  // The end.

  /** The client will send no more, and since sockets close in both directions, it will take no more. */
  #inputEnded(): void {
    if (this.#exchange !== undefined && !this.#lingering) this.destroy();
  }

  #socketClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.sweeper.remove(this);
    this.output.close();
    this.#reading.close();
    this.#input = NOTHING;
    this.#position = 0;
    this.#onClose();
    this.#guarded(() => {
      this.#exchange?.closed();
      this.#tunnel?.closed();
    });
  }

  // Timeouts.

  sweep(nowMs: number): void {
    // Who is still taking an answer is not late with anything; how slowly he may is checked apart.
    const hasAnswer = this.#exchange === undefined || this.#lingering;
    if (hasAnswer && this.output.isWriting) this.#waitingSinceMs = nowMs;
    const isLate = nowMs - this.#waitingSinceMs >= this.#patienceMs();
    const hasStalled = this.#writeStall.check(
      nowMs,
      this.output.isWriting,
      this.output.writeCount,
    );
    if (isLate || hasStalled) this.destroy();
  }

  #patienceMs(): number {
    if (this.#lingering) return this.#limits.lingerTimeoutMs;
    if (this.#tunnel !== undefined) return Infinity;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      return this.#hasAnswered ? this.#limits.keepAliveTimeoutMs : this.#limits.headersTimeoutMs;
    }
    const waitsForBody = this.#body !== undefined && !this.#body.isDone;
    const mayTakeLong = !exchange.finished && (exchange.slowBody || exchange.paused);
    return waitsForBody && !mayTakeLong ? this.#limits.requestTimeoutMs : Infinity;
  }
}
