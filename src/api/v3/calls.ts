import { GrpcCode } from "../../base/grpc_code.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { ServerCall, UnaryHandler } from "../../net/grpc/server_call.ts";
import { DecodeError } from "../../pb/decode_error.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";

/**
 * Ends a call with what was thrown while it was handled. What is neither a refusal nor a request
 * that cannot be read is a defect of this program and goes on upwards.
 */
export function failCall(call: ServerCall, error: unknown): void {
  if (error instanceof EtcdError) call.fail(error.code, error.message);
  else if (error instanceof DecodeError) {
    call.fail(GrpcCode.Internal, `grpc: error unmarshalling request: ${error.message}`);
  } else throw error;
}

/** The handler with what it throws turned into the call's status. */
export function refusing(handler: UnaryHandler): UnaryHandler {
  return (call, bytes, start, end) => {
    try {
      handler(call, bytes, start, end);
    } catch (error) {
      failCall(call, error);
    }
  };
}

/**
 * Answers a call once a linearizable read may be served. `gaveUp` is called if it never may; the
 * call is failed then.
 */
export function whenReadable(
  server: EtcdServer,
  call: ServerCall,
  answer: () => void,
  gaveUp: () => void = () => {},
): void {
  server.whenReadable({
    ready() {
      if (call.cancelled) return;
      try {
        answer();
      } catch (error) {
        failCall(call, error);
      }
    },
    failed(error) {
      gaveUp();
      call.fail(error.code, error.message);
    },
  });
}

/** Refuses a call that the quota has no room for, once everybody knows that it has none. */
export function refuseSpace(server: EtcdServer, call: ServerCall): void {
  server.raiseSpaceAlarm(() => failCall(call, ETCD_ERRORS.noSpace));
}
