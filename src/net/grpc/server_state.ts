import type { Clock } from "../../base/clock.ts";
import { GRPC_LIMITS } from "../limits.ts";
import { type DeadlineHolder, DeadlineQueue, NOT_QUEUED } from "./deadline_queue.ts";
import type { CallTracer } from "./call_tracer.ts";
import type { GrpcMethod } from "./method.ts";
import type { GrpcObserver } from "./observer.ts";
import type { ServerCall } from "./server_call.ts";
import { type SlowCallOptions, SlowCalls } from "./slow_calls.ts";

export interface GrpcServerOptions {
  /** The largest request message, before and after decompression. */
  readonly maxReceiveMessageBytes: number;
  /** The largest response message. */
  readonly maxSendMessageBytes: number;
  readonly clock: Clock;
  readonly observer?: GrpcObserver;
  readonly tracer?: CallTracer | undefined;
  readonly slowCalls?: SlowCallOptions | undefined;
  /** What unfinished messages may take over all calls. @default {268435456} */
  readonly maxUnfinishedBytes?: number;
}

/** What the calls of one server share. */
export class ServerState {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly maxUnfinishedBytes: number;
  readonly clock: Clock;
  readonly observer: GrpcObserver | undefined;
  readonly tracer: CallTracer | undefined;
  readonly slowCalls: SlowCalls | undefined;
  readonly timed: boolean;
  readonly deadlines: DeadlineQueue;
  activeCalls = 0;
  unfinishedBytes = 0;
  /** Called whenever the last active call finished. */
  onIdle: (() => void) | undefined = undefined;

  constructor(options: GrpcServerOptions) {
    this.maxReceiveMessageBytes = options.maxReceiveMessageBytes;
    this.maxSendMessageBytes = options.maxSendMessageBytes;
    this.maxUnfinishedBytes = options.maxUnfinishedBytes ?? GRPC_LIMITS.maxUnfinishedBytes;
    this.clock = options.clock;
    this.observer = options.observer;
    this.tracer = options.tracer;
    this.slowCalls = options.slowCalls && new SlowCalls(options.slowCalls, options.clock);
    this.timed = options.observer?.timed ?? false;
    this.deadlines = new DeadlineQueue(options.clock);
  }

  /** A call has ended, whatever carried it: it has no deadline any more, and who looks on is told. */
  callEnded(
    call: ServerCall & DeadlineHolder,
    method: GrpcMethod,
    startMs: number,
    code: number,
  ): void {
    if (call.heapIndex !== NOT_QUEUED) this.deadlines.remove(call);
    this.slowCalls?.ended(call, method, startMs, code);
    if (this.observer === undefined) return;
    const durationMs = this.timed ? this.clock.monotonicMs() - startMs : 0;
    this.observer.handled(method, code, durationMs);
  }
}
