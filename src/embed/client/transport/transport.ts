/** How one call is to be made. */
export interface CallOptions {
  /** Gives up on the call when it is aborted; the call rejects with code Canceled. */
  readonly signal?: AbortSignal;
  /**
   * Gives up after so many milliseconds; the call rejects with code DeadlineExceeded. Without it
   * the server's own timeout decides (etcd's is 5 s and two election timeouts).
   */
  readonly timeoutMs?: number;
  /**
   * Has a member that knows no leader refuse the call at once with code Unavailable, even if it
   * could answer by itself. Default false.
   */
  readonly requireLeader?: boolean;
  /** Sends this authentication token with the call. Default: the token of the client's own user. */
  readonly token?: string;
}

/** How a stream is to be opened. */
export interface StreamOptions {
  /**
   * Has a member that loses its leader end the stream with code Unavailable. Default false.
   */
  readonly requireLeader?: boolean;
  /** Sends this authentication token. Default: the token of the client's own user. */
  readonly token?: string;
}

/** Hears what the server sends on one stream. */
export interface StreamListener {
  /** One message, the listener's to keep. */
  message(bytes: Uint8Array): void;
  /**
   * The stream is over, with an error (a {@linkcode ClientError}) or without. Called once; nothing
   * comes behind it. It may be called before `stream` has returned.
   */
  closed(error: Error | undefined): void;
}

/** The client's side of one stream. Its methods do nothing once the stream is over. */
export interface TransportStream {
  /** Sends one message. */
  send(bytes: Uint8Array): void;
  /** Says that no more messages will be sent. */
  halfClose(): void;
  /** Gives the stream up; the listener hears of it. */
  cancel(): void;
  /** Asks the server to hold its messages; a few that are under way may still come. */
  pause(): void;
  /** Takes `pause` back. */
  resume(): void;
}

/** What carries a client's calls: sockets, or nothing at all inside one process. */
export interface Transport {
  /**
   * One request, one response. Rejects with a {@linkcode ClientError}: the server's own, or
   * Unavailable when the connection is lost, DeadlineExceeded when the time is up, Canceled when
   * the signal is aborted or the transport is closed.
   */
  unary(path: string, request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** A call of many messages. Never throws: what goes wrong is told to the listener. */
  stream(path: string, listener: StreamListener, options?: StreamOptions): TransportStream;
  /** Ends all calls with code Canceled and lets go of the connections. */
  close(): Promise<void>;
}
