import { GrpcCode } from "../../base/grpc_code.ts";
import type { ServerCall } from "./server_call.ts";
import { metadataFromHandler } from "./service_metadata.ts";

/**
 * Ends a call with what a handler gave as its error. As with grpc-js: an integer `code` counts,
 * `details` counts beside a code, else `message`; metadata comes from the argument or the error.
 */
export function failWithError(call: ServerCall, error: unknown, trailers: unknown): void {
  const fields = typeof error === "object" && error !== null ? error : {};
  const code = "code" in fields && Number.isInteger(fields.code) ? Number(fields.code) : undefined;
  let text = "message" in fields ? String(fields.message) : "Unknown Error";
  if (code !== undefined && "details" in fields && typeof fields.details === "string") {
    text = fields.details;
  }
  const metadata = trailers ?? ("metadata" in fields ? fields.metadata : undefined);
  call.fail(code ?? GrpcCode.Unknown, text, metadataFromHandler(metadata));
}
