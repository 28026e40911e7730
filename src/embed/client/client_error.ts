import { GrpcCode } from "../../base/grpc_code.ts";

/**
 * A call that the server refused or that did not reach it. `code` is the gRPC status code and
 * `message` the server's text, for example `etcdserver: key is not provided`.
 */
export class ClientError extends Error {
  override name = "ClientError";
  /** The gRPC status code, see {@linkcode GrpcCode}. */
  readonly code: number;

  /** Makes the error of a status. */
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What a call that its caller gave up ends with. */
export function canceledError(): ClientError {
  return new ClientError(GrpcCode.Canceled, "the call was canceled by its caller");
}
