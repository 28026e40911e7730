import { bufferOf } from "../../../base/bytes.ts";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import type { Client as GrpcClient, Metadata, ServiceError } from "../../../deps/grpc_js.ts";
import { canceledError, ClientError, closedError, deadlineError } from "../client_error.ts";
import { parseEndpoint } from "./endpoint.ts";
import { EndpointPool } from "./endpoint_pool.ts";
import { type ClientTls, type GrpcModule, newGrpcClient } from "./grpc_channel.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./transport.ts";

export type { ClientTls } from "./grpc_channel.ts";

/** Where and how long to connect. */
export interface ConnectOptions {
  /**
   * How long to wait for a connection, in milliseconds: when connecting, and in each call that
   * finds none. Default 2000, as etcdctl.
   */
  readonly dialTimeoutMs?: number;
  /**
   * Probes a connection that has calls on it and has been silent for so many milliseconds.
   * Default 10000; servers refuse clients that probe more often than every 5 s.
   */
  readonly keepAliveTimeMs?: number;
  /** Takes a connection for dead when a probe is not answered in so many ms. Default 6000. */
  readonly keepAliveTimeoutMs?: number;
  /**
   * Refuses to send a request of more bytes, with code ResourceExhausted. Default: no limit but the
   * server's own, which is 1.5 MiB unless it is told otherwise.
   */
  readonly maxSendBytes?: number;
  /** Refuses an answer of more bytes, with code ResourceExhausted. Default: no limit. */
  readonly maxReceiveBytes?: number;
  /** For endpoints with `https` or `unixs`. */
  readonly tls?: ClientTls;
}

/** etcd's name for "refuse the call if you know no leader". */
const REQUIRE_LEADER = "hasleader";

/** etcd's name for an authentication token. */
const TOKEN = "token";

/**
 * Connects to a server by its client URL, like `http://127.0.0.1:2379`, or to several of one
 * cluster. Throws a ClientError with code Unavailable when none answers in time, and a TypeError
 * for a URL that is none.
 */
export async function connectTransport(
  endpoints: string | readonly string[],
  options: ConnectOptions = {},
): Promise<NetworkTransport> {
  const transport = await openTransport(endpoints, options);
  try {
    await transport.connected();
    return transport;
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/** The same without waiting: the first call connects. */
export async function openTransport(
  endpoints: string | readonly string[],
  options: ConnectOptions = {},
  clock: Clock = systemClock,
): Promise<NetworkTransport> {
  const parsed = (typeof endpoints === "string" ? [endpoints] : endpoints).map(parseEndpoint);
  if (parsed.length === 0) throw new TypeError("Cannot connect: no endpoint is given");
  // The library takes a tenth of a second to load, and a server alone does not need it.
  const grpc = await import("../../../deps/grpc_js.ts");
  const members = parsed.map((endpoint) => ({
    text: endpoint.text,
    client: newGrpcClient(grpc, endpoint, options),
  }));
  return new NetworkTransport(grpc, new EndpointPool(members, clock), options, clock);
}

/** Calls over grpc-js, to one server or to several in turn. */
export class NetworkTransport implements Transport {
  readonly #pool: EndpointPool;
  readonly #clock: Clock;
  readonly #dialTimeoutMs: number;
  readonly #maxSendBytes: number;
  readonly #plainMetadata: Metadata;
  readonly #leaderMetadata: Metadata;
  /** What ends each open call, for the end of the transport. */
  readonly #open = new Set<() => void>();
  /** Settled when the last call after `close()` is over. */
  readonly #idle = Promise.withResolvers<void>();
  #closed = false;

  /** Use {@linkcode openTransport}. */
  constructor(grpc: GrpcModule, pool: EndpointPool, options: ConnectOptions, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
    this.#dialTimeoutMs = options.dialTimeoutMs ?? CLIENT_LIMITS.dialTimeoutMs;
    this.#maxSendBytes = options.maxSendBytes ?? Infinity;
    this.#plainMetadata = new grpc.Metadata();
    this.#leaderMetadata = new grpc.Metadata();
    this.#leaderMetadata.set(REQUIRE_LEADER, "true");
  }

  /** Resolves when a server is connected; rejects after the dial timeout with Unavailable. */
  async connected(): Promise<void> {
    if (this.#pool.connected() === undefined) await this.#connect(this.#dialTimeoutMs, undefined);
  }

  async unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    if (this.#closed) throw closedError();
    if (options.signal?.aborted) throw canceledError(options.signal);
    this.#checkSize(request);
    const client = this.#pool.connected();
    if (client !== undefined) return await this.#call(client, path, request, options);
    const startMs = this.#clock.monotonicMs();
    const timeoutMs = options.timeoutMs ?? Infinity;
    const connected = await this.#connectFor(timeoutMs, options.signal);
    if (timeoutMs === Infinity) return await this.#call(connected, path, request, options);
    const leftMs = Math.max(1, startMs + timeoutMs - this.#clock.monotonicMs());
    return await this.#call(connected, path, request, { ...options, timeoutMs: leftMs });
  }

  stream(path: string, listener: StreamListener, options: StreamOptions = {}): TransportStream {
    if (this.#closed) {
      listener.closed(closedError());
      return DEAD_STREAM;
    }
    const call = this.#pool.best().makeBidiStreamRequest(
      path,
      bufferOf,
      asBytes,
      this.#metadata(options),
    );
    let over = false;
    let canceled = false;
    const cancel = () => {
      canceled = true;
      call.cancel();
    };
    this.#open.add(cancel);
    // The status event tells the same, also when there is no error.
    call.on("error", () => {});
    call.on("data", (bytes: Uint8Array) => {
      if (!over) listener.message(bytes);
    });
    call.on("status", (status: { code: number; details: string }) => {
      over = true;
      listener.closed(this.#statusError(status, canceled));
      this.#ended(cancel);
    });
    return {
      send: (bytes) => {
        if (!over && !canceled) call.write(bytes);
      },
      halfClose: () => {
        if (!over && !canceled) call.end();
      },
      cancel,
      pause: () => call.pause(),
      resume: () => call.resume(),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of [...this.#open]) cancel();
    if (this.#open.size > 0) await this.#idle.promise;
    this.#pool.close();
  }

  #call(
    client: GrpcClient,
    path: string,
    request: Uint8Array,
    options: CallOptions,
  ): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const { signal, timeoutMs } = options;
    let canceled = false;
    const call = client.makeUnaryRequest(
      path,
      bufferOf,
      asBytes,
      request,
      this.#metadata(options),
      timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, response?: Uint8Array) => {
        signal?.removeEventListener("abort", cancel);
        if (error === null) resolve(response ?? NO_BYTES);
        else reject(this.#callError(error, canceled, signal));
        this.#ended(cancel);
      },
    );
    const cancel = () => {
      canceled = true;
      call.cancel();
    };
    this.#open.add(cancel);
    signal?.addEventListener("abort", cancel, { once: true });
    return promise;
  }

  /** A connection for a call that may take so long. */
  async #connectFor(timeoutMs: number, signal: AbortSignal | undefined): Promise<GrpcClient> {
    try {
      return await this.#connect(Math.min(timeoutMs, this.#dialTimeoutMs), signal);
    } catch (error) {
      const isLate = error instanceof ClientError && error.code === GrpcCode.Unavailable &&
        timeoutMs <= this.#dialTimeoutMs;
      throw isLate ? deadlineError(error) : error;
    }
  }

  #connect(timeoutMs: number, signal: AbortSignal | undefined): Promise<GrpcClient> {
    return this.#pool.whenConnected(timeoutMs, signal);
  }

  #checkSize({ length }: Uint8Array): void {
    if (length <= this.#maxSendBytes) return;
    const sizes = `${length} vs. ${this.#maxSendBytes}`;
    const message = `trying to send message larger than max (${sizes})`;
    throw new ClientError(GrpcCode.ResourceExhausted, message);
  }

  #metadata({ requireLeader, token }: StreamOptions): Metadata {
    const metadata = requireLeader ? this.#leaderMetadata : this.#plainMetadata;
    if (token === undefined) return metadata;
    const extended = metadata.clone();
    extended.set(TOKEN, token);
    return extended;
  }

  #ended(cancel: () => void): void {
    this.#open.delete(cancel);
    if (this.#closed && this.#open.size === 0) this.#idle.resolve();
  }

  #callError(error: ServiceError, canceled: boolean, signal: AbortSignal | undefined): ClientError {
    if (canceled) return signal?.aborted ? canceledError(signal) : closedError();
    return errorOf(error.code, error.details, error);
  }

  #statusError(
    { code, details }: { code: number; details: string },
    canceled: boolean,
  ): ClientError | undefined {
    if (canceled) return this.#closed ? closedError() : canceledError();
    return code === GrpcCode.OK ? undefined : errorOf(code, details);
  }
}

const NO_BYTES = new Uint8Array(0);

/** What a closed transport gives for a stream. */
const DEAD_STREAM: TransportStream = {
  send() {},
  halfClose() {},
  cancel() {},
  pause() {},
  resume() {},
};

/** How grpc-js begins the details of a status that it made up when a stream was reset. */
const RESET_DETAILS = "Received RST_STREAM with code";

/** How grpc-js begins the details of a deadline that it watched itself. */
const DEADLINE_DETAILS = "Deadline exceeded";

/** What grpc-js says of an answer that is larger than allowed. */
const TOO_LARGE_DETAILS = /^Received message larger than max \((\d+) vs (\d+)\)/;

/**
 * The error of a status that nobody here asked for. A lost connection shows in grpc-js as
 * Unavailable, Internal or Canceled, as it happens to be noticed; callers get Unavailable.
 */
function errorOf(code: number, details: string, cause?: ServiceError): ClientError {
  if (code === GrpcCode.DeadlineExceeded && details.startsWith(DEADLINE_DETAILS)) {
    return deadlineError(cause);
  }
  const options = cause === undefined ? {} : { cause };
  const [, sizeBytes, limitBytes] = TOO_LARGE_DETAILS.exec(details) ?? [];
  if (code === GrpcCode.ResourceExhausted && sizeBytes !== undefined) {
    // In the words of Go's clients, which scripts may know.
    const message = `grpc: received message larger than max (${sizeBytes} vs. ${limitBytes})`;
    return new ClientError(code, message, options);
  }
  if (isLoss(code, details)) {
    return new ClientError(GrpcCode.Unavailable, `the connection was lost: ${details}`, options);
  }
  return new ClientError(code, details, options);
}

function isLoss(code: number, details: string): boolean {
  if (code === GrpcCode.Canceled) return true;
  // A server that refuses a client which asks too much resets streams too, and means it.
  return details.startsWith(RESET_DETAILS) && code !== GrpcCode.ResourceExhausted;
}

function asBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}
