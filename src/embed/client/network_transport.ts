import { Buffer } from "node:buffer";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { Client as GrpcClient, ServiceError } from "../../deps/grpc_js.ts";
import { ClientError } from "./client_error.ts";
import type { CallOptions, StreamListener, Transport, TransportStream } from "./transport.ts";

/** Messages of any size the server sends; it bounds them itself. */
const UNLIMITED = -1;

/** Where and how long to connect. */
export interface ConnectOptions {
  /** How long to wait for the first connection, in milliseconds. Default 2000, as etcdctl. */
  readonly dialTimeoutMs?: number;
}

/**
 * Connects to a server by its client URL, like `http://127.0.0.1:2379`. Throws a ClientError with
 * code Unavailable when nothing answers in time, and a TypeError for a URL that is none.
 */
export async function connectTransport(
  endpoint: string,
  options: ConnectOptions = {},
): Promise<Transport> {
  const target = targetOf(endpoint);
  // The library takes a tenth of a second to load, and a server alone does not need it.
  const grpc = await import("../../deps/grpc_js.ts");
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": UNLIMITED,
    "grpc.max_send_message_length": UNLIMITED,
  });
  const deadline = Date.now() + (options.dialTimeoutMs ?? 2000);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(deadline, (error) => {
      if (error === undefined || error === null) return resolve();
      client.close();
      const message = `Cannot connect to ${endpoint}: no answer within the dial timeout`;
      reject(new ClientError(GrpcCode.Unavailable, message, { cause: error }));
    });
  });
  return new NetworkTransport(client);
}

function targetOf(endpoint: string): string {
  const url = new URL(endpoint.includes("://") ? endpoint : `http://${endpoint}`);
  if (url.protocol === "http:") return url.host.includes(":") ? url.host : `${url.host}:80`;
  throw new TypeError(`Cannot connect to ${endpoint}: only http URLs are supported so far`);
}

class NetworkTransport implements Transport {
  readonly #client: GrpcClient;

  constructor(client: GrpcClient) {
    this.#client = client;
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const call = this.#client.makeUnaryRequest(
      path,
      toBuffer,
      asBytes,
      request,
      options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs },
      (error, response) => {
        options.signal?.removeEventListener("abort", abort);
        if (error) reject(clientError(error));
        else resolve(response ?? new Uint8Array(0));
      },
    );
    const abort = () => call.cancel();
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted) abort();
    return promise;
  }

  stream(path: string, listener: StreamListener): TransportStream {
    const call = this.#client.makeBidiStreamRequest(path, toBuffer, asBytes);
    let closed = false;
    const close = (error: Error | undefined) => {
      if (!closed) listener.closed(error);
      closed = true;
    };
    call.on("data", (bytes: Uint8Array) => listener.message(bytes));
    call.on("error", (error: ServiceError) => close(clientError(error)));
    call.on("end", () => close(undefined));
    return {
      send: (bytes) => call.write(bytes),
      halfClose: () => call.end(),
      cancel: () => call.cancel(),
      pause: () => call.pause(),
      resume: () => call.resume(),
    };
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function asBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}

function clientError(error: ServiceError): ClientError {
  return new ClientError(error.code, error.details, { cause: error });
}
