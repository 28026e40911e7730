import { GrpcCode } from "../../base/grpc_code.ts";
import { ClientError } from "../../embed/client/client_error.ts";
import { byteText } from "./byte_text.ts";
import { CtlError, EXIT_CODE } from "./exit_code.ts";
import type { CtlIo } from "./io.ts";
import { logWarning } from "./warning.ts";

/** etcd's own refusals begin so, and are shown as they are. */
const ETCD_PREFIX = "etcdserver: ";

const CODE_NAMES = new Map<number, string>(
  Object.entries(GrpcCode).map(([name, code]) => [code, name]),
);

/** A failed call in the words of etcd's Go client. */
export function errorText(error: unknown): string {
  if (!(error instanceof ClientError)) return String(error);
  return error.message.startsWith(ETCD_PREFIX) ? error.message : statusText(error);
}

/** The same where that client passes on what it got. */
export function statusText({ code, message }: ClientError): string {
  if (code === GrpcCode.DeadlineExceeded) return message;
  return `rpc error: code = ${CODE_NAMES.get(code) ?? `Code(${code})`} desc = ${message}`;
}

/** Tells why a server could not be reached, before the error that only says that time was up. */
export function reportUnreachable(io: CtlIo, error: unknown): void {
  if (!(error instanceof ClientError) || !(error.cause instanceof ClientError)) return;
  logWarning(io, "no server was reached", { error: error.cause.message });
}

/** Says of a failed call what was tried. */
export async function explain<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CtlError) throw error;
    const message = `${what} (${byteText(errorText(error))})`;
    throw new CtlError(EXIT_CODE.error, message, { cause: error });
  }
}

/** The same where etcdctl takes every failure for one of the connection, to judge by its exit code. */
export async function blameConnection<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CtlError) throw error;
    throw new CtlError(EXIT_CODE.badConnection, byteText(errorText(error)), { cause: error });
  }
}
