import { GrpcCode } from "../../base/grpc_code.ts";
import type { RemoteEnd } from "../remote_end.ts";
import type { Metadata } from "./metadata.ts";
import type { EndReason, ServerCall } from "./server_call.ts";

/** What the handler of an in-process call says, as whoever made the call hears it. */
export interface CallReceiver {
  /** Response metadata, before the first message. */
  metadata?(metadata: Metadata): void;
  /** A response message, valid only during the call. False: wait for `drained` before the next. */
  message(bytes: Uint8Array, start: number, end: number): boolean;
  /** The call is over; the code is a status of gRPC. Called once, last of all. */
  ended(code: number, message: string): void;
  /** The handler has too many messages, or may be given some again. */
  paused?(isPaused: boolean): void;
}

/** How a call inside the process begins. */
export interface CallHead {
  readonly path: string;
  readonly metadata: Metadata;
  readonly authority: string;
  readonly remote: RemoteEnd;
}

/** A call that never was on a connection. For its handler it is a call like all others. */
export class InProcessCall implements ServerCall, CallHead {
  readonly path: string;
  readonly metadata: Metadata;
  readonly authority: string;
  readonly remote: RemoteEnd;
  readonly deadlineMs: number;
  cancelled = false;
  finished = false;
  onCancel: ((reason: EndReason) => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  readonly #receiver: CallReceiver;

  constructor(head: CallHead, deadlineMs: number, receiver: CallReceiver) {
    this.path = head.path;
    this.metadata = head.metadata;
    this.authority = head.authority;
    this.remote = head.remote;
    this.deadlineMs = deadlineMs;
    this.#receiver = receiver;
  }

  // The caller's side.

  /** The caller is gone, or it has waited for long enough. */
  cancel(
    reason: EndReason = "cancelled",
    code: number = GrpcCode.Canceled,
    message = "context canceled",
  ): void {
    if (this.finished) return;
    this.cancelled = true;
    this.finish(code, message);
    this.onCancel?.(reason);
  }

  /** The caller takes messages again. */
  drained(): void {
    if (!this.finished) this.onDrain?.();
  }

  // The handler's side.

  sendMetadata(metadata: Metadata): void {
    if (!this.finished) this.#receiver.metadata?.(metadata);
  }

  respond(bytes: Uint8Array, start: number, end: number): void {
    this.send(bytes, start, end);
    this.end();
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    return this.finished || this.#receiver.message(bytes, start, end);
  }

  end(): void {
    this.finish(GrpcCode.OK, "");
  }

  fail(code: number, message: string): void {
    this.finish(code, message);
  }

  pause(): void {
    if (!this.finished) this.#receiver.paused?.(true);
  }

  resume(): void {
    if (!this.finished) this.#receiver.paused?.(false);
  }

  /** Ends the call, if it has not ended. */
  protected finish(code: number, message: string): void {
    if (this.finished) return;
    this.finished = true;
    this.#receiver.ended(code, message);
  }
}
