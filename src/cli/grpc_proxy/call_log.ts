import { canonicalCodeOf } from "../../base/grpc_code.ts";
import type { Logger } from "../../base/log.ts";
import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcObserver } from "../../net/grpc/observer.ts";

/** Logs every call, but not what is in it. */
export class CallLog implements GrpcObserver {
  readonly timed = true;
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  started(): void {}

  received(): void {}

  sent(): void {}

  handled(method: GrpcMethod, code: number, durationMs: number): void {
    this.#logger.info("handled call", {
      "grpc.service": method.service,
      "grpc.method": method.name,
      "grpc.code": canonicalCodeOf(code),
      "grpc.time_ms": durationMs,
    });
  }
}
