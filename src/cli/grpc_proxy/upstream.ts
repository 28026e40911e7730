import { bufferOf } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error_message.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type {
  Client as GrpcClient,
  Metadata as GrpcMetadata,
  ServiceError,
} from "../../deps/grpc_js.ts";
import { canceledError, ClientError } from "../../embed/client/client_error.ts";
import { parseEndpoint } from "../../embed/client/transport/endpoint.ts";
import { EndpointPool } from "../../embed/client/transport/endpoint_pool.ts";
import {
  type ChannelOptions,
  type GrpcModule,
  newGrpcClient,
} from "../../embed/client/transport/grpc_channel.ts";
import type { Metadata } from "../../net/grpc/metadata.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";

/** What of a client's metadata the servers behind the proxy must see. */
const PASSED_NAMES = ["token", "authorization", "hasleader"] as const;

/** Who calls, as far as the servers care. */
export class Caller {
  /** The names and values that are passed on. */
  readonly fields: readonly (readonly [string, string])[];
  /** The same for callers who are the same to the servers. */
  readonly key: string;

  constructor(metadata: Metadata) {
    this.fields = PASSED_NAMES.flatMap((name) => {
      const value = metadata.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    this.key = JSON.stringify(this.fields);
  }

  /** Whether the caller wants to be told at once that there is no leader. */
  get requiresLeader(): boolean {
    return this.fields.some(([name]) => name === "hasleader");
  }
}

/** Hears what a server says on one stream. */
export interface UpstreamListener {
  message(bytes: Uint8Array): void;
  /** The stream is over; nothing comes behind it. */
  closed(code: number, details: string): void;
  /** What was sent has gone out; called only after `send` has answered false. */
  drained?(): void;
}

/** The proxy's side of one stream. */
export interface UpstreamStream {
  /** False: the server takes messages slower than they come. */
  send(bytes: Uint8Array): boolean;
  halfClose(): void;
  cancel(): void;
  pause(): void;
  resume(): void;
}

/** How servers are asked. */
export interface ServerCalls {
  /** One request, one response. Rejects with a ClientError that has the server's code and text. */
  unary(
    path: string,
    request: Uint8Array,
    caller: Caller | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
  stream(path: string, caller: Caller | undefined, listener: UpstreamListener): UpstreamStream;
}

/** The servers behind the proxy. */
export class Upstream implements ServerCalls {
  readonly #grpc: GrpcModule;
  readonly #options: ChannelOptions;
  readonly #clock: Clock;
  /** A channel for each endpoint, by its text. */
  #channels = new Map<string, GrpcClient>();
  #pool: EndpointPool;
  readonly #open = new Set<() => void>();

  private constructor(
    grpc: GrpcModule,
    endpoints: readonly string[],
    options: ChannelOptions,
    clock: Clock,
  ) {
    this.#grpc = grpc;
    this.#options = options;
    this.#clock = clock;
    this.#pool = this.#newPool(endpoints);
  }

  /** Throws a TypeError for an endpoint that is none. */
  static async open(
    endpoints: readonly string[],
    options: ChannelOptions,
    clock: Clock,
  ): Promise<Upstream> {
    const grpc = await import("../../deps/grpc_js.ts");
    return new Upstream(grpc, endpoints, options, clock);
  }

  /** Where the servers are. */
  get endpoints(): string[] {
    return [...this.#channels.keys()];
  }

  /**
   * Uses these servers from now on; calls that are under way go on where they are. Returns whether
   * anything has changed. Throws a TypeError for an endpoint that is none.
   */
  useEndpoints(endpoints: readonly string[]): boolean {
    const wanted = new Set(endpoints);
    const isSame = wanted.size === this.#channels.size &&
      this.endpoints.every((endpoint) => wanted.has(endpoint));
    // Without any there would be nobody left to ask who is there.
    if (isSame || wanted.size === 0) return false;
    const before = this.#channels;
    this.#pool = this.#newPool([...wanted]);
    for (const [endpoint, channel] of before) {
      if (!wanted.has(endpoint)) channel.close();
    }
    return true;
  }

  #newPool(endpoints: readonly string[]): EndpointPool {
    const parsed = endpoints.map(parseEndpoint);
    const channels = parsed.map((endpoint) => {
      const client = this.#channels.get(endpoint.text) ??
        newGrpcClient(this.#grpc, endpoint, this.#options);
      return { text: endpoint.text, client };
    });
    this.#channels = new Map(channels.map(({ text, client }) => [text, client]));
    return new EndpointPool(channels, this.#clock);
  }

  async unary(
    path: string,
    request: Uint8Array,
    caller: Caller | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    if (signal?.aborted) throw canceledError(signal);
    const client = this.#pool.connected() ??
      await this.#pool.whenConnected(GRPC_PROXY_LIMITS.dialTimeoutMs, signal);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const call = client.makeUnaryRequest(
      path,
      bufferOf,
      asBytes,
      request,
      this.#metadataOf(caller),
      timeoutMs === Infinity ? {} : { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, response?: Uint8Array) => {
        if (error === null) resolve(response ?? new Uint8Array(0));
        else reject(new ClientError(error.code, error.details));
      },
    );
    const cancel = (): void => call.cancel();
    this.#open.add(cancel);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await promise;
    } finally {
      this.#open.delete(cancel);
      signal?.removeEventListener("abort", cancel);
    }
  }

  stream(path: string, caller: Caller | undefined, listener: UpstreamListener): UpstreamStream {
    const client = this.#pool.best();
    const call = client.makeBidiStreamRequest(path, bufferOf, asBytes, this.#metadataOf(caller));
    const cancel = (): void => call.cancel();
    this.#open.add(cancel);
    let isOver = false;
    // The status event tells the same, also when there is no error.
    call.on("error", () => {});
    call.on("data", (bytes: Uint8Array) => {
      if (!isOver) listener.message(bytes);
    });
    call.on("drain", () => listener.drained?.());
    call.on("status", ({ code, details }: { code: number; details: string }) => {
      isOver = true;
      this.#open.delete(cancel);
      listener.closed(code, details);
    });
    return {
      send: (bytes) => isOver || call.write(bytes),
      halfClose: () => {
        if (!isOver) call.end();
      },
      cancel,
      pause: () => call.pause(),
      resume: () => call.resume(),
    };
  }

  close(): void {
    for (const cancel of [...this.#open]) cancel();
    this.#pool.close();
  }

  #metadataOf(caller: Caller | undefined): GrpcMetadata {
    const metadata = new this.#grpc.Metadata();
    for (const [name, value] of caller?.fields ?? []) metadata.set(name, value);
    return metadata;
  }
}

/** The code and text of what went wrong behind the proxy. */
export function statusOf(error: unknown): { readonly code: number; readonly details: string } {
  if (error instanceof ClientError) return { code: error.code, details: error.message };
  return {
    code: GrpcCode.Unknown,
    details: messageOf(error),
  };
}

/** Whether the servers have not done what they were asked, and would say the same again. */
export function isRefusal(code: number): boolean {
  return code === GrpcCode.Unauthenticated || code === GrpcCode.PermissionDenied ||
    code === GrpcCode.InvalidArgument || code === GrpcCode.Unimplemented;
}

function asBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}
