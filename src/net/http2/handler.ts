import type { HeaderList } from "../hpack/header_list.ts";
import type { RemoteEnd } from "../remote_end.ts";

/**
 * What a connection and the layer above it say to each other. The layer above sees streams only
 * through `Http2Stream`, so that it can be tested without a connection.
 */

/** Receives every request of the connections it is given to. */
export interface Http2Handler {
  /**
   * A request begins. The handler sets `stream.listener` in here unless it answers at once.
   * `endStream`: the request has no body; neither `data` nor `end` will be called.
   */
  stream(stream: Http2Stream, headers: HeaderList, endStream: boolean): void;
}

/** One request and its response. */
export interface Http2Stream {
  readonly id: number;
  /** Who sent the request. */
  readonly remote: RemoteEnd;
  /** The state of the layer above for this stream; its callbacks are called by the connection. */
  listener: Http2StreamListener | undefined;
  /** Bytes taken by `sendData` that flow control or a slow socket holds back. */
  readonly bufferedBytes: number;
  /** Whether `bufferedBytes` went above the high mark and has not come below the low mark since. */
  readonly congested: boolean;
  /** Whether nothing more can be sent: the response is complete or the stream was reset. */
  readonly finished: boolean;

  /**
   * Sends a header block: interim or final response headers, or (behind data) trailers, which must
   * come with `endStream`. `fields` is name, value, name, value...; it is not copied, so it MUST
   * NOT be changed afterwards.
   */
  sendHeaders(fields: readonly string[], endStream: boolean): void;

  /**
   * Sends `prefix` (if any) and bytes[start, end) as one run of data. Both are copied before the
   * call returns.
   */
  sendData(
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    prefix?: Uint8Array,
  ): void;

  /** The whole response in one go: headers, data as in `sendData`, and trailers that end it. */
  sendResponse(
    headers: readonly string[],
    bytes: Uint8Array,
    start: number,
    end: number,
    trailers: readonly string[],
    prefix?: Uint8Array,
  ): void;

  /** Withholds the peer's flow-control credit: at most one stream window more will arrive. */
  pause(): void;
  /** Takes `pause` back. */
  resume(): void;
  /** Gives the stream up with RST_STREAM. The listener's `closed` is not called. */
  reset(errorCode: number): void;
}

/** The callbacks of one stream. Once the stream is finished or reset none is called any more. */
export interface Http2StreamListener {
  /** Bytes of the body, valid only during the call. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** The peer has sent all it will send. */
  end(): void;
  /** The peer's trailers; `end` follows. */
  trailers?(headers: HeaderList): void;
  /**
   * The stream is gone before both sides finished: reset by the peer, the connection lost or a
   * protocol error. Called at most once, and not after a normal finish.
   */
  closed(errorCode: number): void;
  /** `bufferedBytes` fell below the low mark after having been above the high mark. */
  drained(): void;
}
