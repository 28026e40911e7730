import { GrpcCode } from "../../base/grpc_code.ts";
import { type DeadlineHolder, NOT_QUEUED } from "./deadline_queue.ts";
import { type CallHead, type CallReceiver, InProcessCall } from "./in_process_call.ts";
import type { ObservedHead } from "./observer.ts";
import type { Route } from "./route_table.ts";
import type { MessageListener } from "./server_call.ts";
import type { ServerState } from "./server_state.ts";

/** How a call is made that came by something else than gRPC. */
export interface RoutedCallOptions extends CallHead {
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly receiver: CallReceiver;
}

/**
 * An in-process call that goes the server's way: found by its path, bounded, counted, traced, and
 * waited for when the server stops.
 */
export class RoutedCall extends InProcessCall implements DeadlineHolder, ObservedHead {
  /** Belongs to the observer. */
  observerMemo: object | undefined = undefined;

  // These belong to the queue of deadlines.
  heapIndex = NOT_QUEUED;
  heapKey = 0;
  queuePrevious: DeadlineHolder | undefined = undefined;
  queueNext: DeadlineHolder | undefined = undefined;

  readonly #state: ServerState;
  readonly #route: Route;
  readonly #startMs: number;
  #listener: MessageListener | undefined;
  /** Tells the tracer that the call has ended. */
  #traceEnded: ((code: number) => void) | undefined;

  constructor(state: ServerState, route: Route, options: RoutedCallOptions) {
    const startMs = state.clock.monotonicMs();
    super(options, startMs + options.timeoutMs, options.receiver);
    this.#state = state;
    this.#route = route;
    this.#startMs = startMs;
  }

  /** Starts the handler; called first, once. */
  begin(): void {
    const state = this.#state;
    const { method } = this.#route;
    this.#traceEnded = state.tracer?.started(this, method);
    state.activeCalls++;
    state.observer?.started(method, this);
    if (this.deadlineMs <= this.#startMs) return this.deadlinePassed();
    if (this.deadlineMs !== Infinity) state.deadlines.add(this, this.#startMs);
    this.#listener = this.#route.stream?.(this);
  }

  /** Hands a request message, bytes[start, end), to the handler. */
  give(bytes: Uint8Array, start: number, end: number): void {
    if (this.finished) return;
    const sizeBytes = end - start;
    const most = this.#state.maxReceiveMessageBytes;
    if (sizeBytes > most) {
      const why = `grpc: received message larger than max (${sizeBytes} vs. ${most})`;
      return this.cancel("refused", GrpcCode.ResourceExhausted, why);
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

  deadlinePassed(): void {
    this.cancel("deadline", GrpcCode.DeadlineExceeded, "context deadline exceeded");
  }

  override send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.finished) return true;
    this.#state.observer?.sent(this.#route.method, end - start);
    return super.send(bytes, start, end);
  }

  protected override finish(code: number, message: string): void {
    if (this.finished) return;
    const state = this.#state;
    this.#traceEnded?.(code);
    state.callEnded(this, this.#route.method, this.#startMs, code);
    super.finish(code, message);
    if (--state.activeCalls === 0) state.onIdle?.();
  }
}
