import { GrpcCode } from "../../base/grpc_code.ts";
import { ClientError } from "../../embed/client/client_error.ts";
import type {
  CallOptions,
  StreamListener,
  Transport,
  TransportStream,
} from "../../embed/client/transport/transport.ts";
import type { ServerCalls } from "./upstream.ts";

/** Carries what the proxy asks in its own name over the connections that it has for its clients. */
export class UpstreamTransport implements Transport {
  readonly #upstream: ServerCalls;

  constructor(upstream: ServerCalls) {
    this.#upstream = upstream;
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const { timeoutMs = Infinity, signal } = options;
    return this.#upstream.unary(path, request, undefined, timeoutMs, signal);
  }

  stream(path: string, listener: StreamListener): TransportStream {
    return this.#upstream.stream(path, undefined, {
      message: (bytes) => listener.message(bytes),
      closed: (code, details) =>
        listener.closed(code === GrpcCode.OK ? undefined : new ClientError(code, details)),
    });
  }

  /** The connections are not this object's to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
