import { GrpcCode } from "../../base/grpc_code.ts";
import type { EtcdError } from "../../core/errors.ts";

/**
 * A call that the server refused or that did not reach it. `code` is the gRPC status code and
 * `message` the server's text, for example `etcdserver: key is not provided`.
 *
 * @example
 * ```ts
 * import { ClientError, GrpcCode, newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * try {
 *   await client.put("", "a value needs a key");
 * } catch (error) {
 *   if (!(error instanceof ClientError)) throw error;
 *   if (error.code !== GrpcCode.InvalidArgument) throw error;
 * }
 * ```
 */
export class ClientError extends Error {
  /** `ClientError`, or the name of a class made from it. */
  override name = "ClientError";
  /** The gRPC status code, see {@linkcode GrpcCode}. */
  readonly code: number;

  /** Makes the error of a status. */
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the server itself refuses so. */
export function refusalError(refusal: EtcdError, options?: ErrorOptions): ClientError {
  return new ClientError(refusal.code, refusal.message, options);
}

/** What a call that its caller gave up ends with; the signal's reason becomes the cause. */
export function canceledError(signal?: AbortSignal): ClientError {
  const options = signal === undefined ? {} : { cause: signal.reason };
  return new ClientError(GrpcCode.Canceled, "the call was canceled by its caller", options);
}

/** What a call ends with that comes after the end of its client or is cut off by it. */
export function closedError(): ClientError {
  return new ClientError(GrpcCode.Canceled, "the client is closed");
}

/** What a call ends with whose time is up, in the words of etcd's own clients. */
export function deadlineError(cause?: unknown): ClientError {
  const options = cause === undefined ? {} : { cause };
  return new ClientError(GrpcCode.DeadlineExceeded, "context deadline exceeded", options);
}

/** Whether the server could not be reached, or could not serve anybody, when this happened. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof ClientError && error.code === GrpcCode.Unavailable;
}

/**
 * Whether a stream that ended so is worth opening again. Unlike a call, a stream meets Internal
 * when a server or a proxy breaks off, as etcd's own client expects it.
 */
export function isStreamLoss(error: Error | undefined): boolean {
  if (!(error instanceof ClientError)) return error === undefined;
  return error.code === GrpcCode.Unavailable || error.code === GrpcCode.Internal;
}

/** The error as one of a call; transports give no other, but their types cannot say so. */
export function asClientError(error: Error | undefined): ClientError {
  if (error instanceof ClientError) return error;
  return new ClientError(GrpcCode.Unknown, String(error), { cause: error });
}
