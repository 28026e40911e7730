import type { Clock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { ServiceRegistry } from "../../api/service_registry.ts";
import type { MessageListener, StreamHandler, UnaryHandler } from "../../net/grpc/server_call.ts";
import { canceledError, ClientError, closedError } from "./client_error.ts";
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
  readonly #ended = (call: LocalCall) => this.#open.delete(call);
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#unary.set(path, handler);
  }

  addStream(path: string, handler: StreamHandler): void {
    this.#streams.set(path, handler);
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const call = this.#newCall(path, options, {
      message: resolve,
      closed: (error) => {
        // A response has settled the promise by now; then this does nothing.
        reject(error ?? new ClientError(GrpcCode.Internal, "the call ended without a response"));
      },
    });
    this.#start(
      call,
      this.#unary.get(path),
      (handler) => handler(call, request, 0, request.length),
    );
    return promise;
  }

  stream(path: string, listener: StreamListener, options: StreamOptions = {}): TransportStream {
    const call = this.#newCall(path, options, listener);
    const stream = new LocalStream(call);
    this.#start(call, this.#streams.get(path), (handler) => stream.attach(handler(call)));
    return stream;
  }

  /** Ends all open calls as if their client had gone. */
  close(): Promise<void> {
    this.#closed = true;
    for (const call of [...this.#open]) call.cancel("cancelled", closedError());
    return Promise.resolve();
  }

  #newCall(path: string, options: CallOptions, listener: StreamListener): LocalCall {
    const call = new LocalCall(path, this.#clock, options, listener, this.#ended);
    this.#open.add(call);
    if (this.#closed) call.cancel("cancelled", closedError());
    else call.limit(options);
    return call;
  }

  #start<Handler>(
    call: LocalCall,
    handler: Handler | undefined,
    run: (handler: Handler) => void,
  ): void {
    if (call.finished) return;
    if (handler === undefined) {
      return call.fail(GrpcCode.Unimplemented, `unknown method ${call.path}`);
    }
    try {
      run(handler);
    } catch (error) {
      // A defect of the handler costs its caller the call, as it would over a socket.
      const message = `the server failed: ${error}`;
      call.cancel("cancelled", new ClientError(GrpcCode.Internal, message, { cause: error }));
    }
  }
}

/** The client's side of a stream. */
class LocalStream implements TransportStream {
  readonly #call: LocalCall;
  #handler: MessageListener | undefined;

  constructor(call: LocalCall) {
    this.#call = call;
  }

  /** Says who takes the client's messages. */
  attach(handler: MessageListener): void {
    this.#handler = handler;
  }

  send(bytes: Uint8Array): void {
    if (!this.#call.finished) this.#handler?.message(bytes, 0, bytes.length);
  }

  halfClose(): void {
    if (!this.#call.finished) this.#handler?.halfClosed();
  }

  cancel(): void {
    this.#call.cancel("cancelled", canceledError());
  }

  pause(): void {
    this.#call.congested = true;
  }

  resume(): void {
    if (!this.#call.congested) return;
    this.#call.congested = false;
    if (!this.#call.finished) this.#call.onDrain?.();
  }
}
