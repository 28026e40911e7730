import { GrpcCode } from "../../base/grpc_code.ts";
import type { RemoteEnd } from "../remote_end.ts";
import { type DeadlineHolder, NOT_QUEUED } from "./deadline_queue.ts";
import type { Metadata } from "./metadata.ts";
import type { ObservedHead } from "./observer.ts";
import type { Route } from "./route_table.ts";
import type { EndReason, MessageListener, ServerCall } from "./server_call.ts";
import type { ServerState } from "./server_state.ts";

/** What the handler of an in-process call says, as whoever made the call hears it. */
export interface CallReceiver {
  /** Response metadata, before the first message. */
  metadata(metadata: Metadata): void;
  /** A response message, valid only during the call. False: wait for `drained` before the next. */
  message(bytes: Uint8Array, start: number, end: number): boolean;
  /** The call is over; the code is a status of gRPC. Called once, last of all. */
  ended(code: number, message: string): void;
  /** The handler has too many messages, or may be given some again. */
  paused(isPaused: boolean): void;
}

/** How a call inside the process is made. */
export interface InProcessOptions {
  readonly path: string;
  readonly metadata: Metadata;
  readonly authority: string;
  readonly remote: RemoteEnd;
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly receiver: CallReceiver;
}

/**
 * A call that came by something else than gRPC. For its handler, for metrics and for a server that
 * stops it is a call like all others.
 */
export class InProcessCall implements ServerCall, DeadlineHolder, ObservedHead {
  readonly path: string;
  readonly metadata: Metadata;
  readonly authority: string;
  readonly remote: RemoteEnd;
  readonly deadlineMs: number;
  cancelled = false;
  finished = false;
  onCancel: ((reason: EndReason) => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  /** Belongs to the observer. */
  observerMemo: object | undefined = undefined;

  // These belong to the queue of deadlines.
  queueSlot = NOT_QUEUED;
  queuePrevious: DeadlineHolder | undefined = undefined;
  queueNext: DeadlineHolder | undefined = undefined;

  readonly #state: ServerState;
  readonly #route: Route;
  readonly #receiver: CallReceiver;
  readonly #startMs: number;
  #listener: MessageListener | undefined;

  constructor(state: ServerState, route: Route, options: InProcessOptions) {
    this.path = options.path;
    this.metadata = options.metadata;
    this.authority = options.authority;
    this.remote = options.remote;
    this.#state = state;
    this.#route = route;
    this.#receiver = options.receiver;
    this.#startMs = state.clock.monotonicMs();
    this.deadlineMs = this.#startMs + options.timeoutMs;
  }

  /** Starts the handler; called first, once. */
  begin(): void {
    const state = this.#state;
    state.activeCalls++;
    state.observer?.started(this.#route.method, this);
    if (this.deadlineMs <= this.#startMs) return this.deadlinePassed();
    if (this.deadlineMs !== Infinity) state.deadlines.add(this, this.#startMs);
    this.#listener = this.#route.stream?.(this);
  }

  // The caller's side.

  /** Hands a request message, bytes[start, end), to the handler. */
  give(bytes: Uint8Array, start: number, end: number): void {
    if (this.finished) return;
    const sizeBytes = end - start;
    const most = this.#state.maxReceiveMessageBytes;
    if (sizeBytes > most) {
      const sizes = `(${sizeBytes} vs. ${most})`;
      return this.#refuse(`grpc: received message larger than max ${sizes}`);
    }
    const route = this.#route;
    this.#state.observer?.received(route.method, sizeBytes);
    if (route.unary !== undefined) route.unary(this, bytes, start, end);
    else this.#listener?.message(bytes, start, end);
  }

  /** The caller has no more messages. */
  halfClose(): void {
    if (!this.finished) this.#listener?.halfClosed();
  }

  /** The caller is gone. */
  cancel(): void {
    if (this.finished) return;
    this.cancelled = true;
    this.#finish(GrpcCode.Canceled, "context canceled");
    this.onCancel?.("cancelled");
  }

  /** The caller takes messages again. */
  drained(): void {
    if (!this.finished) this.onDrain?.();
  }

  // The handler's side.

  sendMetadata(metadata: Metadata): void {
    if (!this.finished) this.#receiver.metadata(metadata);
  }

  respond(bytes: Uint8Array, start: number, end: number): void {
    this.send(bytes, start, end);
    this.end();
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.finished) return true;
    this.#state.observer?.sent(this.#route.method, end - start);
    return this.#receiver.message(bytes, start, end);
  }

  end(): void {
    this.#finish(GrpcCode.OK, "");
  }

  fail(code: number, message: string): void {
    this.#finish(code, message);
  }

  pause(): void {
    if (!this.finished) this.#receiver.paused(true);
  }

  resume(): void {
    if (!this.finished) this.#receiver.paused(false);
  }

  deadlinePassed(): void {
    if (this.finished) return;
    this.cancelled = true;
    this.#finish(GrpcCode.DeadlineExceeded, "context deadline exceeded");
    this.onCancel?.("deadline");
  }

  #refuse(message: string): void {
    this.cancelled = true;
    this.#finish(GrpcCode.ResourceExhausted, message);
    this.onCancel?.("refused");
  }

  #finish(code: number, message: string): void {
    if (this.finished) return;
    const state = this.#state;
    this.finished = true;
    if (this.queueSlot !== NOT_QUEUED) state.deadlines.remove(this);
    if (state.observer !== undefined) {
      const durationMs = state.timed ? state.clock.monotonicMs() - this.#startMs : 0;
      state.observer.handled(this.#route.method, code, durationMs);
    }
    this.#receiver.ended(code, message);
    if (--state.activeCalls === 0) state.onIdle?.();
  }
}
