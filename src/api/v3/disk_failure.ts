import { messageOf } from "../../base/error_message.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { EtcdError } from "../../core/errors.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";

/**
 * Ends a call because of what happened to the files. Unless it is a refusal, the member must not
 * go on: what it has on its disk can no longer be trusted.
 */
export function failWithServer(call: ServerCall, server: EtcdServer, error: unknown): void {
  if (error instanceof EtcdError) {
    call.fail(error.code, error.message);
    return;
  }
  call.fail(GrpcCode.Unknown, messageOf(error));
  server.fail(error);
}
