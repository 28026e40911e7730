import { GrpcCode } from "../../base/grpc_code.ts";
import type { HttpExchange } from "../../net/http/exchange.ts";

/** A refusal of the gateway itself, as a status of gRPC. */
export class GatewayError extends Error {
  override name = "GatewayError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const JSON_FIELDS: readonly string[] = ["content-type", "application/json"];

const HTTP_STATUS: Readonly<Record<number, number>> = {
  [GrpcCode.OK]: 200,
  [GrpcCode.Canceled]: 499,
  [GrpcCode.Unknown]: 500,
  [GrpcCode.InvalidArgument]: 400,
  [GrpcCode.DeadlineExceeded]: 504,
  [GrpcCode.NotFound]: 404,
  [GrpcCode.AlreadyExists]: 409,
  [GrpcCode.PermissionDenied]: 403,
  [GrpcCode.ResourceExhausted]: 429,
  [GrpcCode.FailedPrecondition]: 400,
  [GrpcCode.Aborted]: 409,
  [GrpcCode.OutOfRange]: 400,
  [GrpcCode.Unimplemented]: 501,
  [GrpcCode.Internal]: 500,
  [GrpcCode.Unavailable]: 503,
  [GrpcCode.DataLoss]: 500,
  [GrpcCode.Unauthenticated]: 401,
};

/** The HTTP status that says what a status of gRPC says. */
export function httpStatus(code: number): number {
  return HTTP_STATUS[code] ?? 500;
}

/** A status of gRPC as JSON. */
export function statusJson(code: number, message: string): string {
  return `{"code":${code},"message":${JSON.stringify(message)}}`;
}

/** Answers a request with an error. */
export function respondError(exchange: HttpExchange, code: number, message: string): void {
  let fields = JSON_FIELDS;
  if (code === GrpcCode.Unauthenticated && /^[\x20-\x7e]*$/.test(message)) {
    fields = [...JSON_FIELDS, "www-authenticate", message];
  }
  exchange.respond(httpStatus(code), fields, statusJson(code, message));
}
