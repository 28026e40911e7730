/** How one call is to be made. */
export interface CallOptions {
  /** Gives up on the call when it is aborted. */
  readonly signal?: AbortSignal;
  /** Gives up after so many milliseconds; without it the server's own timeout decides. */
  readonly timeoutMs?: number;
}

/** Hears what the server sends on one stream. */
export interface StreamListener {
  /** One message, the listener's to keep. */
  message(bytes: Uint8Array): void;
  /** The stream is over, with an error or without. Called once; nothing comes behind it. */
  closed(error: Error | undefined): void;
}

/** The client's side of one stream. */
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

/** What carries a client's calls: a socket, or nothing at all inside one process. */
export interface Transport {
  /** One request, one response. Rejects with a ClientError. */
  unary(path: string, request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** A call of many messages. */
  stream(path: string, listener: StreamListener): TransportStream;
  /** Ends all calls and lets go of the connection. */
  close(): Promise<void>;
}
