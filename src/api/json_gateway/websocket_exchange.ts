import { Buffer } from "node:buffer";
import { HeaderList } from "../../net/hpack/header_list.ts";
import type { ExchangeListener, HttpExchange } from "../../net/http/exchange.ts";
import type { RemoteEnd } from "../../net/remote_end.ts";
import { Websocket, type WebsocketListener } from "../../net/websocket/websocket.ts";

const NEWLINE = 0x0a;
const NEWLINE_BYTES: Uint8Array = Uint8Array.of(NEWLINE);
const BEARER = "Bearer";

/**
 * A request over a websocket, as the gateway sees it: the client's messages are the body, and each
 * line of the response is a message. Statuses and headers go nowhere.
 */
export class WebsocketExchange implements HttpExchange, WebsocketListener {
  readonly method = "POST";
  readonly target: string;
  readonly authority: string;
  readonly headers: HeaderList;
  readonly remote: RemoteEnd;
  readonly contentLengthBytes = -1;
  finished = false;
  listener: ExchangeListener | undefined;
  /** Whether the first message is the whole body. */
  readonly #isSingle: boolean;
  #socket: Websocket | undefined;
  #bodyEnded = false;

  private constructor(exchange: HttpExchange, isSingle: boolean) {
    this.target = exchange.target;
    this.authority = exchange.authority;
    this.headers = withToken(exchange.headers);
    this.remote = exchange.remote;
    this.#isSingle = isSingle;
  }

  /** Undefined when no websocket can be made of the request, which is answered then. */
  static open(exchange: HttpExchange, isSingle: boolean): WebsocketExchange | undefined {
    const made = new WebsocketExchange(exchange, isSingle);
    const protocol = exchange.headers.get("sec-websocket-protocol") ?? "";
    const fields = protocol.startsWith(BEARER) ? ["sec-websocket-protocol", BEARER] : [];
    made.#socket = Websocket.open(exchange, fields, made);
    return made.#socket === undefined ? undefined : made;
  }

  // The response.

  allowSlowBody(): void {}

  addHeader(): void {}

  respond(_status: number, _fields: readonly string[], body: Uint8Array | string): void {
    if (this.finished) return;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const end = bytes[bytes.length - 1] === NEWLINE ? bytes.length - 1 : bytes.length;
    this.#socket?.sendText(bytes, 0, end, true);
    this.end();
  }

  begin(): void {}

  send(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (this.finished || start === end) return true;
    // Within a line of JSON there is no other.
    const isLast = bytes[end - 1] === NEWLINE;
    return this.#socket?.sendText(bytes, start, isLast ? end - 1 : end, isLast) ?? true;
  }

  end(): void {
    if (this.finished) return;
    this.finished = true;
    this.#socket?.close();
  }

  abort(): void {
    this.end();
  }

  pause(): void {
    this.#socket?.pause(true);
  }

  resume(): void {
    this.#socket?.pause(false);
  }

  upgrade(): undefined {
    return undefined;
  }

  // The request.

  part(bytes: Uint8Array, isLast: boolean): void {
    if (this.#bodyEnded) return;
    this.#listening?.data(bytes, 0, bytes.length);
    if (!isLast) return;
    this.#listening?.data(NEWLINE_BYTES, 0, 1);
    if (!this.#isSingle) return;
    this.#bodyEnded = true;
    this.#listening?.end();
  }

  closed(): void {
    if (this.finished) return;
    this.finished = true;
    this.listener?.closed();
  }

  drained(): void {
    this.#listening?.drained();
  }

  get #listening(): ExchangeListener | undefined {
    return this.finished ? undefined : this.listener;
  }
}

/** Browsers cannot set headers of websockets, so the token may stand elsewhere. */
function withToken(headers: HeaderList): HeaderList {
  const fields = headers.fields.filter((_, i) => headers.fields[i - i % 2] !== "authorization");
  const token = cookieToken(headers) ?? protocolToken(headers);
  if (token !== undefined) fields.push("authorization", `${BEARER} ${token}`);
  return new HeaderList(fields, false);
}

function protocolToken(headers: HeaderList): string | undefined {
  const protocol = headers.get("sec-websocket-protocol") ?? "";
  const comma = protocol.indexOf(`${BEARER},`);
  return comma < 0 ? undefined : protocol.slice(comma + BEARER.length + 1).trim();
}

function cookieToken(headers: HeaderList): string | undefined {
  const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith("token="))?.slice("token=".length);
}
