import { Buffer } from "node:buffer";
import type { HeaderList } from "../hpack/header_list.ts";
import type { ExchangeListener, HttpExchange, Tunnel, TunnelListener } from "../http/exchange.ts";
import { isBodiless } from "../http/status.ts";
import type { RemoteEnd } from "../remote_end.ts";
import type { Http1Output } from "./output.ts";
import type { RequestHead } from "./request_head.ts";
import { fieldLines, statusLine } from "./response_head.ts";

const KEEP_ALIVE = "Connection: keep-alive\r\n";
const CLOSE = "Connection: close\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";

/** The connection as its exchanges see it. */
export interface ExchangeOwner {
  readonly remote: RemoteEnd;
  readonly output: Http1Output;
  readonly dateLine: string;
  /** Whether another request may follow on the connection, as things are now. */
  readonly mayContinue: boolean;
  /** The response is complete. */
  exchangeFinished(keepAlive: boolean): void;
  exchangeResumed(): void;
  /** Ends the connection. */
  destroy(): void;
  openTunnel(listener: TunnelListener): Tunnel;
}

/** One request over HTTP/1.1. */
export class Http1Exchange implements HttpExchange {
  listener: ExchangeListener | undefined = undefined;
  finished = false;
  paused = false;
  slowBody = false;
  readonly #owner: ExchangeOwner;
  readonly #head: RequestHead;
  #extra = "";
  #begun = false;
  #chunked = false;
  #keepAlive = false;
  #bodyless = false;

  constructor(owner: ExchangeOwner, head: RequestHead) {
    this.#owner = owner;
    this.#head = head;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get headers(): HeaderList {
    return this.#head.headers;
  }

  get remote(): RemoteEnd {
    return this.#owner.remote;
  }

  get contentLengthBytes(): number {
    const { framing } = this.#head;
    return framing === "chunked" ? -1 : framing;
  }

  /** Whether a response is on its way, so that none can be put in its place. */
  get begun(): boolean {
    return this.#begun;
  }

  allowSlowBody(): void {
    this.slowBody = true;
  }

  addHeader(name: string, value: string): void {
    if (!this.#begun) this.#extra += fieldLines([name, value]);
  }

  respond(status: number, fields: readonly string[], body: Uint8Array | string): void {
    if (this.#begun || this.finished) return;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    const lengthLine = isBodiless(status) ? "" : `Content-Length: ${length}\r\n`;
    this.#writeHead(status, fields, lengthLine);
    if (!this.#bodyless) this.#owner.output.body(body);
    this.#finish();
  }

  begin(status: number, fields: readonly string[]): void {
    if (this.#begun || this.finished) return;
    this.#chunked = !isBodiless(status) && !this.#head.isOld;
    // The end of a body without chunks is the end of the connection.
    this.#writeHead(status, fields, this.#chunked ? CHUNKED : "", !this.#chunked);
  }

  send(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (!this.#begun || this.finished) return true;
    const { output } = this.#owner;
    if (this.#bodyless || start === end) return true;
    if (this.#chunked) output.latin1(`${(end - start).toString(16)}\r\n`);
    output.bytes(bytes, start, end);
    if (this.#chunked) output.latin1("\r\n");
    return !output.congested;
  }

  end(): void {
    if (!this.#begun || this.finished) return;
    if (this.#chunked && !this.#bodyless) this.#owner.output.latin1("0\r\n\r\n");
    this.#finish();
  }

  abort(): void {
    if (this.finished) return;
    this.finished = true;
    this.#owner.destroy();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (!this.finished) this.#owner.exchangeResumed();
  }

  upgrade(fields: readonly string[], listener: TunnelListener): Tunnel | undefined {
    const head = this.#head;
    if (this.#begun || this.finished || !head.upgrades || head.framing !== 0) return undefined;
    this.#begun = true;
    this.finished = true;
    this.#owner.output.latin1(
      `${statusLine(101)}Connection: Upgrade\r\n${fieldLines(fields)}${this.#extra}\r\n`,
    );
    return this.#owner.openTunnel(listener);
  }

  /** The connection is gone, or the rest of the body cannot be read. */
  closed(): void {
    if (this.finished) return;
    this.finished = true;
    this.listener?.closed();
  }

  #writeHead(
    status: number,
    fields: readonly string[],
    framingLine: string,
    closes = false,
  ): void {
    const head = this.#head;
    this.#begun = true;
    this.#bodyless = head.method === "HEAD" || isBodiless(status);
    this.#keepAlive = !closes && head.keepAlive && this.#owner.mayContinue;
    let connection = "";
    if (!this.#keepAlive) connection = CLOSE;
    else if (head.isOld) connection = KEEP_ALIVE;
    this.#owner.output.latin1(
      statusLine(status) + fieldLines(fields) + this.#extra + this.#owner.dateLine +
        framingLine + connection + "\r\n",
    );
  }

  #finish(): void {
    this.finished = true;
    this.#owner.exchangeFinished(this.#keepAlive);
  }
}
