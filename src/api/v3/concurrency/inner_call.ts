import { type CallReceiver, InProcessCall } from "../../../net/grpc/in_process_call.ts";
import type { ServerCall } from "../../../net/grpc/server_call.ts";

/** How another service refused what was asked of it in a caller's name. */
export class InnerCallFailure extends Error {
  override name = "InnerCallFailure";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A call that one service makes of another in the same process. It shows the metadata and the
 * other end of the call that it is made for, so that whoever checks permissions sees the caller. It
 * has no deadline: the caller's ends its own call, and this one with it.
 */
export function callFor(outer: ServerCall, path: string, receiver: CallReceiver): InProcessCall {
  const { metadata, authority, remote } = outer;
  return new InProcessCall({ path, metadata, authority, remote }, Infinity, receiver);
}
