import { GrpcCode } from "../../../base/grpc_code.ts";
import { EtcdError } from "../../../core/errors.ts";
import type { ServerCall } from "../../../net/grpc/server_call.ts";
import type { MessageCodec } from "../../../pb/codec.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import { respond } from "../call_waiter.ts";
import { InnerCallFailure } from "./inner_call.ts";

/** Answers a unary call with what the work resolves with; undefined: the caller has gone. */
export function answerWith<Response>(
  server: EtcdServer,
  call: ServerCall,
  codec: MessageCodec<Response>,
  work: Promise<Response | undefined>,
): void {
  work.then((response) => {
    if (response !== undefined) respond(call, (writer) => codec.write(response, writer), undefined);
  }).catch((error) => failWith(server, call, error));
}

/**
 * Ends a call with what went wrong. As in etcd, what another service refused becomes Unknown with
 * its text, but for what may work at another time or another member.
 */
export function failWith(server: EtcdServer, call: ServerCall, error: unknown): void {
  if (error instanceof InnerCallFailure) {
    const isUnavailable = error.code === GrpcCode.Unavailable;
    call.fail(isUnavailable ? GrpcCode.Unavailable : GrpcCode.Unknown, error.message);
  } else if (error instanceof EtcdError) call.fail(error.code, error.message);
  else server.fail(error);
}
