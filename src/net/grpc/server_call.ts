import type { RemoteEnd } from "../remote_end.ts";
import type { Metadata } from "./metadata.ts";

/** Why a call ended before its handler ended it; "refused": it broke the rules of gRPC. */
export type EndReason = "cancelled" | "deadline" | "refused";

/**
 * One call as its handler sees it, whatever carries it. All methods may be called at any time:
 * once the call has finished they do nothing.
 */
export interface ServerCall {
  /** As in `:path`: "/etcdserverpb.KV/Put". */
  readonly path: string;
  /** What the client sent with the call. */
  readonly metadata: Metadata;
  /** The host the client meant to call. */
  readonly authority: string;
  /** Who calls. */
  readonly remote: RemoteEnd;
  /** On the scale of the server's clock.monotonicMs(); Infinity: none. */
  readonly deadlineMs: number;
  /** Whether the call ended as `onCancel` says. */
  readonly cancelled: boolean;
  /** Whether nothing more can be sent, for whatever reason. */
  readonly finished: boolean;

  /**
   * The client reset the stream, the connection was lost, or the deadline passed or a message was
   * refused below the handler (then the client has been answered already). At most once, and
   * never after the handler finished the call.
   */
  onCancel: ((reason: EndReason) => void) | undefined;
  /** What `send` held back has mostly gone out. */
  onDrain: (() => void) | undefined;

  /** Sends response metadata: at most once, and before the first message. */
  sendMetadata(metadata: Metadata): void;
  /** The only response message, and status OK. Copies bytes[start, end) before returning. */
  respond(bytes: Uint8Array, start: number, end: number, trailers?: Metadata): void;
  /**
   * One of many response messages. Copies bytes[start, end) before returning. False: the client
   * takes them slower than they come; the sender should wait for `onDrain`.
   */
  send(bytes: Uint8Array, start: number, end: number): boolean;
  /** Ends the responses with status OK. */
  end(trailers?: Metadata): void;
  /** Ends the call with an error. */
  fail(code: number, message: string, trailers?: Metadata): void;

  /** Stops taking request messages; those already under way may still come. */
  pause(): void;
  /** Takes `pause` back. */
  resume(): void;
}

/** Takes the one request of a unary call: bytes[start, end), valid only during the call. */
export type UnaryHandler = (
  call: ServerCall,
  request: Uint8Array,
  start: number,
  end: number,
) => void;

/** Takes the messages of a call of another kind. */
export type StreamHandler = (call: ServerCall) => MessageListener;

/** Hears what the client of one call sends; not called any more once the call has finished. */
export interface MessageListener {
  /** One message: bytes[start, end), valid only during the call. */
  message(bytes: Uint8Array, start: number, end: number): void;
  /** The client has sent all its messages. */
  halfClosed(): void;
}
