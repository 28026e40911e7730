import type { GrpcMethod } from "./method.ts";
import type { ServerCall } from "./server_call.ts";

/** Follows single calls, which an observer that counts does not. */
export interface CallTracer {
  /** A call has begun. What is returned is called once, with the status code that it ended with. */
  started(call: ServerCall, method: GrpcMethod): (code: number) => void;
}
