import type { Clock } from "../../../base/clock.ts";
import { isStreamLoss } from "../client_error.ts";
import {
  checkCredentials,
  type CheckedCredentials,
  type Credentials,
  type UserCredentials,
} from "./credentials.ts";
import { LateStream } from "./late_stream.ts";
import { limitedWait } from "../limited_wait.ts";
import { isTokenRefused, TokenSource } from "./token_source.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./transport.ts";

/**
 * The transport whose calls carry the token of these credentials; the same transport if there are
 * none. Throws a TypeError for credentials that contradict each other or lack a part.
 */
export function withCredentials(
  transport: Transport,
  clock: Clock,
  credentials: Credentials,
): Transport {
  return authenticate(transport, clock, checkCredentials(credentials));
}

function authenticate(
  transport: Transport,
  clock: Clock,
  credentials: CheckedCredentials,
): Transport {
  switch (credentials.kind) {
    case "none":
      return transport;
    case "token":
      return new TokenTransport(transport, credentials.token);
    case "user":
      return new AuthenticatedTransport(transport, clock, credentials);
  }
}

/** Calls that carry a token which never changes. */
class TokenTransport implements Transport {
  readonly #transport: Transport;
  readonly #token: string;

  constructor(transport: Transport, token: string) {
    this.#transport = transport;
    this.#token = token;
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#transport.unary(path, request, { token: this.#token, ...options });
  }

  stream(path: string, listener: StreamListener, options: StreamOptions = {}): TransportStream {
    return this.#transport.stream(path, listener, { token: this.#token, ...options });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

/**
 * Calls that carry the token of a user, which is asked for before the first call and again when
 * the server does not take it any more.
 */
export class AuthenticatedTransport implements Transport {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #tokens: TokenSource;

  /** Use {@linkcode withCredentials}. */
  constructor(transport: Transport, clock: Clock, credentials: UserCredentials) {
    this.#transport = transport;
    this.#clock = clock;
    this.#tokens = new TokenSource(transport, clock, credentials);
  }

  /** Shows user and password to the server. Rejects with its error when it does not take them. */
  async authenticate(): Promise<void> {
    await this.#tokens.token();
  }

  async unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    if (options.token !== undefined) return await this.#transport.unary(path, request, options);
    const left = this.#countDown(options);
    const token = await limitedWait(this.#tokens.token(), this.#clock, left());
    try {
      return await this.#transport.unary(path, request, carrying(left(), token));
    } catch (error) {
      if (!isTokenRefused(error)) throw error;
    }
    const renewed = await limitedWait(this.#tokens.renewed(token), this.#clock, left());
    return await this.#transport.unary(path, request, carrying(left(), renewed));
  }

  stream(path: string, listener: StreamListener, options: StreamOptions = {}): TransportStream {
    if (options.token !== undefined) return this.#transport.stream(path, listener, options);
    // A stream cannot be opened again by this transport, which does not know what it was for.
    return new LateStream(
      this.#tokens.recentToken(),
      {
        message: (bytes) => listener.message(bytes),
        closed: (error) => {
          if (error !== undefined && isStreamLoss(error)) this.#tokens.forget();
          listener.closed(error);
        },
      },
      (token, heard) => this.#transport.stream(path, heard, carrying(options, token)),
    );
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** The options of a call with the time that is left to it. */
  #countDown(options: CallOptions): () => CallOptions {
    const { timeoutMs } = options;
    if (timeoutMs === undefined) return () => options;
    const endMs = this.#clock.monotonicMs() + timeoutMs;
    return () => ({ ...options, timeoutMs: Math.max(1, endMs - this.#clock.monotonicMs()) });
  }
}

function carrying<T extends StreamOptions>(options: T, token: string | undefined): T {
  return token === undefined ? options : { ...options, token };
}
