import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcObserver } from "../../net/grpc/observer.ts";

/** What has happened to the calls of one method. */
export class MethodCounts {
  started = 0;
  received = 0;
  sent = 0;
  /** How often each status code was the end, by code. */
  readonly handled: number[] = [];
}

/** Counts calls, messages and bytes. Labels and text are made when somebody scrapes. */
export class GrpcCounts implements GrpcObserver {
  readonly timed = false;
  readonly byMethod = new Map<GrpcMethod, MethodCounts>();
  receivedBytes = 0;
  sentBytes = 0;

  started(method: GrpcMethod): void {
    this.#of(method).started++;
  }

  received(method: GrpcMethod, sizeBytes: number): void {
    this.#of(method).received++;
    this.receivedBytes += sizeBytes;
  }

  sent(method: GrpcMethod, sizeBytes: number): void {
    this.#of(method).sent++;
    this.sentBytes += sizeBytes;
  }

  handled(method: GrpcMethod, code: number): void {
    const { handled } = this.#of(method);
    handled[code] = (handled[code] ?? 0) + 1;
  }

  #of(method: GrpcMethod): MethodCounts {
    let counts = this.byMethod.get(method);
    if (counts === undefined) {
      counts = new MethodCounts();
      this.byMethod.set(method, counts);
    }
    return counts;
  }
}
