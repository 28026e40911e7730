import { canonicalCodeOf } from "../../base/grpc_code.ts";
import type { Logger } from "../../base/log.ts";
import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcObserver } from "../../net/grpc/observer.ts";

/** Logs every call if that is wanted, but never what is in it. */
export class CallLog implements GrpcObserver {
  readonly timed: boolean;
  readonly #logger: Logger;

  constructor(logger: Logger, isLogging: boolean) {
    this.#logger = logger;
    this.timed = isLogging;
  }

  started(): void {}

  received(): void {}

  sent(): void {}

  handled(method: GrpcMethod, code: number, durationMs: number): void {
    if (!this.timed) return;
    this.#logger.info("handled call", {
      "grpc.service": method.service,
      "grpc.method": method.name,
      "grpc.code": canonicalCodeOf(code),
      "grpc.time_ms": durationMs,
    });
  }
}
