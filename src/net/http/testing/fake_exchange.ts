import { Buffer } from "node:buffer";
import { HeaderList } from "../../hpack/header_list.ts";
import { LOCAL_END, type RemoteEnd } from "../../remote_end.ts";
import type { ExchangeListener, HttpExchange } from "../exchange.ts";

/** What else there is to say of a request. */
interface FakeRequestLine {
  readonly method?: string;
  readonly authority?: string;
  readonly remote?: RemoteEnd;
}

/** A request whose client is the test. */
export class FakeExchange implements HttpExchange {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: HeaderList;
  readonly remote: RemoteEnd;
  readonly contentLengthBytes = -1;
  listener: ExchangeListener | undefined = undefined;
  finished = false;
  aborted = false;
  paused = false;
  status = 0;
  fields: readonly string[] = [];
  body = "";
  sendCount = 0;
  /** The names of the headers that were added to the response, whichever it is. */
  readonly added: string[] = [];
  /** Whether the client takes nothing at the moment. */
  stuck = false;
  #begun = false;

  constructor(
    target: string,
    headers: readonly string[] = [],
    { method = "POST", authority = "localhost", remote = LOCAL_END }: FakeRequestLine = {},
  ) {
    this.target = target;
    this.authority = authority;
    this.headers = new HeaderList(headers, false);
    this.method = method;
    this.remote = remote;
  }

  allowSlowBody(): void {}

  addHeader(name: string): void {
    this.added.push(name);
  }

  respond(status: number, fields: readonly string[], body: Uint8Array | string): void {
    if (this.finished || this.#begun) return;
    this.begin(status, fields);
    this.body += typeof body === "string" ? body : Buffer.from(body).toString();
    this.finished = true;
  }

  begin(status: number, fields: readonly string[]): void {
    if (this.finished || this.#begun) return;
    this.#begun = true;
    this.status = status;
    this.fields = fields;
  }

  send(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (this.finished) return true;
    this.sendCount++;
    this.body += Buffer.from(bytes.slice(start, end)).toString();
    return !this.stuck;
  }

  end(): void {
    this.finished = true;
  }

  abort(): void {
    if (this.finished) return;
    this.finished = true;
    this.aborted = true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  upgrade(): undefined {
    return undefined;
  }

  // What the client does.

  sendBody(text: string): void {
    const bytes = Buffer.from(`x${text}x`);
    if (!this.finished) this.listener?.data(bytes, 1, bytes.length - 1);
  }

  endBody(): void {
    if (!this.finished) this.listener?.end();
  }

  leave(): void {
    if (this.finished) return;
    this.finished = true;
    this.listener?.closed();
  }
}
