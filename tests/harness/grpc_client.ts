import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bufferOf } from "../../src/base/bytes.ts";
import { Client, credentials, Metadata } from "../../src/deps/grpc_js.ts";
import type { MessageCodec } from "../../src/pb/codec.ts";
import type { ClientFiles } from "./certificates.ts";

/** A method as src/pb/services.ts describes it. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

/** How a call differs from a plain one. */
export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** How a call ended when it did not end well. */
export interface CallFailure {
  readonly code: number;
  readonly text: string;
}

const DEFAULT_DEADLINE_MS = 10_000;
const NEXT_TIMEOUT_MS = 5_000;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** What the client must know of its streams, whatever they carry. */
interface OpenStream {
  readonly ended: Promise<CallFailure>;
  cancel(): void;
}

/** As much of grpc-js's duplex stream as is used here. */
interface ByteStream {
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  cancel(): void;
  pause(): unknown;
  resume(): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "status", listener: (status: { code: number; details: string }) => void): unknown;
}

/** Requests through grpc-js, a foreign library, with our message types. One test, one client. */
export class GrpcClient {
  readonly #client: Client;
  readonly #streams = new Set<OpenStream>();

  /** With `tls` the server must show a certificate for `localhost`. */
  constructor(
    endpoint: string,
    channelOptions: Readonly<Record<string, number | string>> = {},
    tls?: ClientFiles,
  ) {
    this.#client = new Client(endpoint, credentialsFrom(tls), {
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      // Clients of one process would otherwise share, and keep open, one connection.
      "grpc.use_local_subchannel_pool": 1,
      // Deno asks servers for their names only, and not for their addresses.
      ...(tls === undefined ? {} : { "grpc.ssl_target_name_override": "localhost" }),
      ...channelOptions,
    });
  }

  /** One request, one response. Rejects with grpc-js's error: see `refusal()`. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    fields: Partial<Request> = {},
    options: CallOptions = {},
  ): Promise<Response> {
    const request = method.request.encode(method.request.create(fields));
    return method.response.decode(await this.callBytes(method.path, request, options));
  }

  /** The same below the message types, for requests that are not well-formed. */
  callBytes(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        bufferOf,
        asBytes,
        request,
        metadataOf(options),
        callOptionsOf(options),
        (error, response) => error === null && response ? resolve(response) : reject(error),
      );
    });
  }

  /** A stream of messages in both directions; server streams get their one request by `send()`. */
  open<Request, Response>(
    method: Method<Request, Response>,
    options: CallOptions = {},
  ): GrpcStream<Request, Response> {
    const call = this.#client.makeBidiStreamRequest(
      method.path,
      bufferOf,
      asBytes,
      metadataOf(options),
      options.deadlineMs === undefined ? {} : callOptionsOf(options),
    );
    const stream = new GrpcStream(call, method);
    this.#streams.add(stream);
    return stream;
  }

  /** Cancels what is still open and returns when the streams are over. */
  async close(): Promise<void> {
    for (const stream of this.#streams) stream.cancel();
    for (const stream of this.#streams) await stream.ended;
    this.#client.close();
  }
}

/** One open stream; what arrives is kept until the test asks for it. */
export class GrpcStream<Request, Response> {
  readonly #call: ByteStream;
  readonly #method: Method<Request, Response>;
  readonly #received: Response[] = [];
  #wake: () => void = () => {};
  #status: CallFailure | undefined;
  /** Settles, never rejects, with how the stream ended. */
  readonly ended: Promise<CallFailure>;

  constructor(call: ByteStream, method: Method<Request, Response>) {
    this.#call = call;
    this.#method = method;
    call.on("data", (bytes: Uint8Array) => {
      this.#received.push(method.response.decode(bytes));
      this.#wake();
    });
    // The status event tells the same, also when there is no error.
    call.on("error", () => {});
    this.ended = new Promise((resolve) => {
      call.on("status", (status: { code: number; details: string }) => {
        this.#status = { code: status.code, text: status.details };
        this.#wake();
        resolve(this.#status);
      });
    });
  }

  send(fields: Partial<Request>): void {
    this.#call.write(this.#method.request.encode(this.#method.request.create(fields)));
  }

  halfClose(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** Stops reading from the network, as a client that is too slow does. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** How many messages have come that nobody has taken. */
  get waiting(): number {
    return this.#received.length;
  }

  /** The next message; rejects when the stream ends or nothing comes in time. */
  async next(timeoutMs: number = NEXT_TIMEOUT_MS): Promise<Response> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const response = this.#received.shift();
      if (response !== undefined) return response;
      if (this.#status !== undefined) {
        throw new Error(`the stream ended: ${this.#status.code} ${this.#status.text}`);
      }
      await this.#arrival(deadline - performance.now());
    }
  }

  /** The next `count` messages. */
  async take(count: number): Promise<Response[]> {
    const responses: Response[] = [];
    while (responses.length < count) responses.push(await this.next());
    return responses;
  }

  /** All messages up to the end of the stream. */
  async rest(): Promise<Response[]> {
    await this.ended;
    return this.#received.splice(0);
  }

  async #arrival(timeoutMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      const complain = (): void => reject(new Error("no message came in time"));
      timer = setTimeout(complain, Math.max(0, timeoutMs));
    }).finally(() => clearTimeout(timer));
  }
}

/** The code and the text a call was refused with; fails when it was not refused. */
export async function refusal(call: Promise<unknown>): Promise<CallFailure> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && "code" in error && "details" in error) {
      return { code: Number(error.code), text: String(error.details) };
    }
    throw error;
  }
  assert.fail("the call was not refused");
}

function credentialsFrom(tls: ClientFiles | undefined): ReturnType<typeof credentials.createSsl> {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(bufferOf(tls.ca), bufferOf(tls.key), bufferOf(tls.cert));
}

function asBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}

function metadataOf(options: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) {
    metadata.set(name, name.endsWith("-bin") ? Buffer.from(value, "latin1") : value);
  }
  return metadata;
}

function callOptionsOf(options: CallOptions): { deadline: number } {
  return { deadline: Date.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS) };
}

/**
 * Uses a client of its own. A test that stops its server closes its client first and goes on with
 * this one: the HTTP/2 client of Deno 2.9 now and then crashes when its connection goes away.
 */
export async function withClient<T>(
  { endpoint }: { readonly endpoint: string },
  use: (client: GrpcClient) => Promise<T>,
): Promise<T> {
  const client = new GrpcClient(endpoint);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
