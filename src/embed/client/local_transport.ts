import type { Clock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { ServiceRegistry } from "../../api/service_registry.ts";
import { Metadata } from "../../net/grpc/metadata.ts";
import type {
  EndReason,
  MessageListener,
  ServerCall,
  StreamHandler,
  UnaryHandler,
} from "../../net/grpc/server_call.ts";
import { canceledError, ClientError } from "./client_error.ts";
import type { CallOptions, StreamListener, Transport, TransportStream } from "./transport.ts";

const NO_METADATA = new Metadata();

/**
 * Calls the services of a server in the same process: the same handlers that serve sockets, with
 * no socket, no framing and no second encoding in between.
 */
export class LocalTransport implements Transport, ServiceRegistry {
  readonly #clock: Clock;
  readonly #unary = new Map<string, UnaryHandler>();
  readonly #streams = new Map<string, StreamHandler>();
  readonly #open = new Set<LocalCall>();
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
    const handler = this.#unary.get(path);
    if (handler === undefined) call.fail(GrpcCode.Unimplemented, `unknown method ${path}`);
    else if (!call.finished) handler(call, request, 0, request.length);
    return promise;
  }

  stream(path: string, listener: StreamListener): TransportStream {
    const call = this.#newCall(path, {}, listener);
    const handler = this.#streams.get(path);
    if (handler === undefined) {
      call.fail(GrpcCode.Unimplemented, `unknown method ${path}`);
      return new LocalStream(call, undefined);
    }
    return new LocalStream(call, call.finished ? undefined : handler(call));
  }

  /** Ends all open calls as if their client had gone. */
  close(): Promise<void> {
    this.#closed = true;
    for (const call of [...this.#open]) call.cancel("cancelled", canceledError());
    return Promise.resolve();
  }

  #newCall(path: string, options: CallOptions, listener: StreamListener): LocalCall {
    const call = new LocalCall(path, this.#clock, listener, (ended) => this.#open.delete(ended));
    this.#open.add(call);
    if (this.#closed) call.fail(GrpcCode.Unavailable, "the client is closed");
    else call.limit(options);
    return call;
  }
}

/** The client's side of a stream. */
class LocalStream implements TransportStream {
  readonly #call: LocalCall;
  readonly #handler: MessageListener | undefined;

  constructor(call: LocalCall, handler: MessageListener | undefined) {
    this.#call = call;
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
    this.#call.congested = false;
    if (!this.#call.finished) this.#call.onDrain?.();
  }
}

/** One call inside the process. */
class LocalCall implements ServerCall {
  readonly path: string;
  readonly metadata = NO_METADATA;
  readonly authority = "";
  readonly remoteAddress = "";
  deadlineMs = Infinity;
  /** The client takes messages slower than they come. */
  congested = false;
  onCancel: ((reason: EndReason) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #listener: StreamListener;
  readonly #ended: (call: LocalCall) => void;
  readonly #cleanUps: (() => void)[] = [];
  #finished = false;
  #cancelled = false;

  constructor(
    path: string,
    clock: Clock,
    listener: StreamListener,
    ended: (call: LocalCall) => void,
  ) {
    this.path = path;
    this.#clock = clock;
    this.#listener = listener;
    this.#ended = ended;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Ends the call when its signal is aborted or its time is up. */
  limit({ signal, timeoutMs }: CallOptions): void {
    if (timeoutMs !== undefined) {
      this.deadlineMs = this.#clock.monotonicMs() + timeoutMs;
      const late = new ClientError(GrpcCode.DeadlineExceeded, "context deadline exceeded");
      const timer = this.#clock.setTimer(timeoutMs, () => this.cancel("deadline", late));
      this.#cleanUps.push(() => timer.cancel());
    }
    if (signal !== undefined) {
      const abort = () => this.cancel("cancelled", canceledError());
      signal.addEventListener("abort", abort, { once: true });
      this.#cleanUps.push(() => signal.removeEventListener("abort", abort));
      if (signal.aborted) abort();
    }
  }

  sendMetadata(): void {}

  respond(bytes: Uint8Array, start: number, end: number): void {
    this.send(bytes, start, end);
    this.end();
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#finished) this.#listener.message(bytes.slice(start, end));
    return !this.congested;
  }

  end(): void {
    this.#finish(undefined);
  }

  fail(code: number, message: string): void {
    this.#finish(new ClientError(code, message));
  }

  pause(): void {}

  resume(): void {}

  /** The client gives up: the handler hears of it, and then the client's own side. */
  cancel(reason: EndReason, error: ClientError): void {
    if (this.#finished) return;
    this.#cancelled = true;
    const { onCancel } = this;
    this.#finish(error);
    onCancel?.(reason);
  }

  #finish(error: ClientError | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const cleanUp of this.#cleanUps) cleanUp();
    this.#ended(this);
    this.#listener.closed(error);
  }
}
