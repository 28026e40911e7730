import { canonicalCodeOf } from "../base/grpc_code.ts";
import type { SlowCallOptions } from "../net/grpc/slow_calls.ts";
import { durationText } from "../server/raft/late_ticks.ts";
import type { Config } from "./config/config.ts";

/** Warns of unary requests that take long; what was in them is nobody's business. */
export function slowCallWarning(config: Config): SlowCallOptions | undefined {
  const thresholdMs = config.warningUnaryRequestDurationMs;
  if (thresholdMs <= 0) return undefined;
  const logger = config.getLogger("server");
  return {
    thresholdMs,
    slow(call, method, code, durationMs) {
      logger.warn("request stats", {
        "time spent": durationText(Math.round(durationMs)),
        remote: call.remote.address,
        method: method.path,
        code: canonicalCodeOf(code),
        "expected-duration": durationText(thresholdMs),
      });
    },
  };
}
