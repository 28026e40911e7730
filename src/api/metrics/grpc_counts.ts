import { BucketCounts } from "../../base/bucket_counts.ts";
import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcObserver, ObservedHead } from "../../net/grpc/observer.ts";
import { ClientRequests } from "./client_requests.ts";

/** The buckets that Prometheus' libraries have by default, in seconds. */
const HANDLING_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What has happened to the calls of one method. */
export class MethodCounts {
  started = 0;
  received = 0;
  sent = 0;
  /** How often each status code was the end, by code. */
  readonly handled: number[] = [];
  /** From the start of a call to its end; nothing is counted unless calls are timed. */
  readonly handlingSeconds = new BucketCounts(HANDLING_BOUNDS);
}

/** Counts calls, messages and bytes. Labels and text are made when somebody scrapes. */
export class GrpcCounts implements GrpcObserver {
  readonly timed: boolean;
  readonly byMethod = new Map<GrpcMethod, MethodCounts>();
  readonly clientRequests = new ClientRequests();
  receivedBytes = 0;
  sentBytes = 0;
  /** The method that was met last, for most calls are of one. */
  #lastMethod: GrpcMethod | undefined;
  #lastCounts = new MethodCounts();

  constructor(options: { readonly timed: boolean }) {
    this.timed = options.timed;
  }

  started(method: GrpcMethod, head: ObservedHead): void {
    this.of(method).started++;
    this.clientRequests.started(method, head);
  }

  received(method: GrpcMethod, sizeBytes: number): void {
    this.of(method).received++;
    this.receivedBytes += sizeBytes;
  }

  sent(method: GrpcMethod, sizeBytes: number): void {
    this.of(method).sent++;
    this.sentBytes += sizeBytes;
  }

  handled(method: GrpcMethod, code: number, durationMs: number): void {
    const { handled, handlingSeconds } = this.of(method);
    handled[code] = (handled[code] ?? 0) + 1;
    if (this.timed) handlingSeconds.add(durationMs / 1000);
  }

  /** The counts of one method; all zero before its first call. */
  of(method: GrpcMethod): MethodCounts {
    if (method === this.#lastMethod) return this.#lastCounts;
    let counts = this.byMethod.get(method);
    if (counts === undefined) {
      counts = new MethodCounts();
      this.byMethod.set(method, counts);
    }
    this.#lastMethod = method;
    this.#lastCounts = counts;
    return counts;
  }
}
