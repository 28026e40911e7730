import type { HeaderList } from "../hpack/header_list.ts";
import type { RemoteEnd } from "../remote_end.ts";

/** Takes requests, whichever version of HTTP carries them. It must not throw. */
export type ExchangeHandler = (exchange: HttpExchange) => void;

/**
 * One request and its response. All methods may be called at any time: once the exchange has
 * finished they do nothing.
 */
export interface HttpExchange {
  readonly method: string;
  /** As it was sent, escaped: a path with or without a query, or "*". */
  readonly target: string;
  /** The host and port that the client means to talk to. */
  readonly authority: string;
  /** Names in lower case. A client that repeats its requests may give the same list again. */
  readonly headers: HeaderList;
  /** Who sent the request. */
  readonly remote: RemoteEnd;
  /** The length that was announced for the body; -1: none was. */
  readonly contentLengthBytes: number;
  /** Whether nothing more can be sent. */
  readonly finished: boolean;
  /**
   * Hears of the body and of the connection. It must be set before the handler returns; without
   * one the body is let through unseen.
   */
  listener: ExchangeListener | undefined;

  /** The body may take as long as it likes, as one that carries a conversation does. */
  allowSlowBody(): void;
  /** Adds a field to the response headers, whoever sends them; before they are sent. */
  addHeader(name: string, value: string): void;
  /**
   * The whole response. `fields` is name, value, name, value ..., in lower case and without
   * content-length. The body is copied before the call returns.
   */
  respond(status: number, fields: readonly string[], body: Uint8Array | string): void;
  /** Begins a response of unknown length. */
  begin(status: number, fields: readonly string[]): void;
  /**
   * A part of the body behind `begin`; copied before the call returns. False: the client takes them
   * slower than they come, and the sender should wait for `drained`.
   */
  send(bytes: Uint8Array, start?: number, end?: number): boolean;
  /** Ends the response that `begin` began. */
  end(): void;
  /** Breaks the exchange off, so that the client knows its response for incomplete. */
  abort(): void;
  /** Stops taking the body; what is under way may still come. */
  pause(): void;
  /** Takes `pause` back. */
  resume(): void;
  /**
   * Makes a tunnel of the connection (101 Switching Protocols); undefined where that cannot be
   * done: over HTTP/2, behind a body, or when the client has not asked for it.
   */
  upgrade(fields: readonly string[], listener: TunnelListener): Tunnel | undefined;
}

/** The callbacks of one exchange. None is called once the exchange has finished. */
export interface ExchangeListener {
  /** Bytes of the body, valid only during the call. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** The whole body has come. */
  end(): void;
  /** The client has gone, or broke the rules. */
  closed(): void;
  /** What `send` held back has mostly gone out. */
  drained(): void;
}

/** A connection that carries something else than HTTP from now on. */
export interface Tunnel {
  /** Copies before it returns. False: wait for `drained`. */
  send(bytes: Uint8Array, start: number, end: number): boolean;
  /** Ends the connection behind what was sent. */
  end(): void;
  /** Stops reading, or reads again; what is under way may still come. */
  pause(isPaused: boolean): void;
}

/** What the other end of a tunnel does. */
export interface TunnelListener {
  /** Bytes, valid only during the call. */
  data(bytes: Uint8Array, start: number, end: number): void;
  closed(): void;
  drained(): void;
  /** The server is about to stop. */
  closeSoon(): void;
}
