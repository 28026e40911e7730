import type { Clock } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import type { ServiceRegistry } from "../../../api/service_registry.ts";
import type {
  MessageListener,
  StreamHandler,
  UnaryHandler,
} from "../../../net/grpc/server_call.ts";
import { canceledError, ClientError, closedError } from "../client_error.ts";
import { LocalCall } from "./local_call.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./transport.ts";

/**
 * Calls the services of a server in the same process: the same handlers that serve sockets, with
 * no socket, no framing and no second encoding in between.
 */
export class LocalTransport implements Transport, ServiceRegistry {
  readonly #clock: Clock;
  readonly #unary = new Map<string, UnaryHandler>();
  readonly #streams = new Map<string, StreamHandler>();
  readonly #open = new Set<LocalCall>();
  readonly #onClose: () => void;
  #closed = false;

  /** `onClose` is called once, when the client closes it. */
  constructor(clock: Clock, onClose: () => void = () => {}) {
    this.#clock = clock;
    this.#onClose = onClose;
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#unary.set(path, handler);
  }

  addStream(path: string, handler: StreamHandler): void {
    this.#streams.set(path, handler);
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const answer = new LocalUnary(path, this.#clock, options, this.#open);
    this.#start(
      answer,
      options,
      this.#unary.get(path),
      (handler) => handler(answer.call, request, 0, request.length),
    );
    return answer.promise;
  }

  stream(path: string, listener: StreamListener, options: StreamOptions = {}): TransportStream {
    const stream = new LocalStream(path, this.#clock, options, this.#open, listener);
    this.#start(
      stream,
      options,
      this.#streams.get(path),
      (handler) => stream.attach(handler(stream.call)),
    );
    return stream;
  }

  /** Ends all open calls as if their client had gone. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    for (const open of [...this.#open]) open.giveUp(closedError());
    this.#onClose();
    return Promise.resolve();
  }

  #start<Handler>(
    local: LocalCall,
    options: CallOptions,
    handler: Handler | undefined,
    run: (handler: Handler) => void,
  ): void {
    if (this.#closed) return local.giveUp(closedError());
    local.limit(options);
    const { call } = local;
    if (call.finished) return;
    if (handler === undefined) {
      return call.fail(GrpcCode.Unimplemented, `unknown method ${call.path}`);
    }
    try {
      run(handler);
    } catch (error) {
      // A defect of the handler costs its caller the call, as it would over a socket.
      const message = `the server failed: ${error}`;
      local.giveUp(new ClientError(GrpcCode.Internal, message, { cause: error }));
    }
  }
}

/** A call with one response. */
class LocalUnary extends LocalCall {
  readonly #answer = Promise.withResolvers<Uint8Array>();
  #isAnswered = false;

  get promise(): Promise<Uint8Array> {
    return this.#answer.promise;
  }

  message(bytes: Uint8Array, start: number, end: number): boolean {
    this.#isAnswered = true;
    this.#answer.resolve(bytes.slice(start, end));
    return true;
  }

  protected closed(error: ClientError | undefined): void {
    if (this.#isAnswered) return;
    this.#answer.reject(
      error ?? new ClientError(GrpcCode.Internal, "the call ended without a response"),
    );
  }
}

/** A call of many messages. */
class LocalStream extends LocalCall implements TransportStream {
  readonly #listener: StreamListener;
  #handler: MessageListener | undefined;
  /** The client takes messages slower than they come. */
  #isPaused = false;

  constructor(
    path: string,
    clock: Clock,
    options: CallOptions,
    open: Set<LocalCall>,
    listener: StreamListener,
  ) {
    super(path, clock, options, open);
    this.#listener = listener;
  }

  /** Says who takes the client's messages. */
  attach(handler: MessageListener): void {
    this.#handler = handler;
  }

  message(bytes: Uint8Array, start: number, end: number): boolean {
    this.#listener.message(bytes.slice(start, end));
    return !this.#isPaused;
  }

  protected closed(error: ClientError | undefined): void {
    this.#listener.closed(error);
  }

  send(bytes: Uint8Array): void {
    if (!this.call.finished) this.#handler?.message(bytes, 0, bytes.length);
  }

  halfClose(): void {
    if (!this.call.finished) this.#handler?.halfClosed();
  }

  cancel(): void {
    this.giveUp(canceledError());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.call.drained();
  }
}
