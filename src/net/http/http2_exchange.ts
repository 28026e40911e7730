import { Buffer } from "node:buffer";
import type { HeaderList } from "../hpack/header_list.ts";
import type { Http2Handler, Http2Stream, Http2StreamListener } from "../http2/handler.ts";
import { ErrorCode } from "../http2/protocol.ts";
import type { RemoteEnd } from "../remote_end.ts";
import type { ExchangeHandler, ExchangeListener, HttpExchange } from "./exchange.ts";
import { isBodiless } from "./status.ts";

const NOTHING: Uint8Array = new Uint8Array(0);
const GRPC_CONTENT_TYPE = "application/grpc";

/** One request over HTTP/2. */
class Http2Exchange implements HttpExchange {
  listener: ExchangeListener | undefined = undefined;
  readonly headers: HeaderList;
  readonly method: string;
  readonly target: string;
  readonly #stream: Http2Stream;
  readonly #extra: string[] = [];
  #begun = false;

  constructor(stream: Http2Stream, headers: HeaderList) {
    this.#stream = stream;
    this.headers = headers;
    this.method = headers.get(":method") ?? "";
    this.target = headers.get(":path") ?? "";
  }

  get authority(): string {
    return this.headers.get(":authority") ?? this.headers.get("host") ?? "";
  }

  get remote(): RemoteEnd {
    return this.#stream.remote;
  }

  get contentLengthBytes(): number {
    // The connection has checked that it is a number.
    return Number(this.headers.get("content-length") ?? -1);
  }

  get finished(): boolean {
    return this.#stream.finished;
  }

  /** Streams have no timeouts of their own. */
  allowSlowBody(): void {}

  addHeader(name: string, value: string): void {
    this.#extra.push(name, value);
  }

  respond(status: number, fields: readonly string[], body: Uint8Array | string): void {
    if (this.#begun || this.finished) return;
    if (isBodiless(status)) return this.#sendHead(status, fields, true);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.#sendHead(status, [...fields, "content-length", String(bytes.length)], bytes.length === 0);
    if (bytes.length > 0 && !this.finished) this.#stream.sendData(bytes, 0, bytes.length, true);
  }

  begin(status: number, fields: readonly string[]): void {
    if (!this.#begun && !this.finished) this.#sendHead(status, fields, false);
  }

  send(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (!this.#begun || this.finished) return true;
    if (start < end && this.method !== "HEAD") this.#stream.sendData(bytes, start, end, false);
    return !this.#stream.congested;
  }

  end(): void {
    if (!this.#begun || this.finished) return;
    this.#stream.sendData(NOTHING, 0, 0, true);
  }

  abort(): void {
    if (!this.finished) this.#stream.reset(ErrorCode.INTERNAL_ERROR);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Connections of HTTP/2 have other things to carry. */
  upgrade(): undefined {
    return undefined;
  }

  #sendHead(status: number, fields: readonly string[], isEmpty: boolean): void {
    this.#begun = true;
    const whole = [":status", String(status), ...fields, ...this.#extra];
    this.#stream.sendHeaders(whole, isEmpty || this.method === "HEAD");
  }
}

/** Hands what the stream says on to whoever listens to the exchange. */
class StreamSide implements Http2StreamListener {
  readonly #exchange: Http2Exchange;

  constructor(exchange: Http2Exchange) {
    this.#exchange = exchange;
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.#exchange.listener?.data(bytes, start, end);
  }

  end(): void {
    this.#exchange.listener?.end();
  }

  closed(): void {
    this.#exchange.listener?.closed();
  }

  drained(): void {
    this.#exchange.listener?.drained();
  }
}

/**
 * Sends requests of gRPC one way and all others the other way, as far as there are two ways:
 * without a handler for the others gRPC answers them, too.
 */
export class ProtocolSplit implements Http2Handler {
  readonly #grpc: Http2Handler | undefined;
  readonly #http: ExchangeHandler | undefined;

  constructor(grpc: Http2Handler | undefined, http: ExchangeHandler | undefined) {
    this.#grpc = grpc;
    this.#http = http;
  }

  stream(stream: Http2Stream, headers: HeaderList, endStream: boolean): void {
    const grpc = this.#grpc;
    if (grpc !== undefined && (this.#http === undefined || isGrpc(headers))) {
      grpc.stream(stream, headers, endStream);
      return;
    }
    const exchange = new Http2Exchange(stream, headers);
    stream.listener = new StreamSide(exchange);
    this.#http?.(exchange);
    if (endStream && !exchange.finished) exchange.listener?.end();
  }
}

/** Worked out once for each list, since nearly all requests repeat one. */
function isGrpc(headers: HeaderList): boolean {
  headers.isGrpc ??= headers.get("content-type")?.startsWith(GRPC_CONTENT_TYPE) ?? false;
  return headers.isGrpc;
}
