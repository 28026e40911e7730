import { GrpcCode } from "../../base/grpc_code.ts";
import type { ServiceDefinition, UntypedServiceImplementation } from "../../deps/grpc_js.ts";
import type { HeaderList } from "../hpack/header_list.ts";
import type { Http2Handler, Http2Stream } from "../http2/handler.ts";
import { Http2ServerCall } from "./http2_server_call.ts";
import { RoutedCall, type RoutedCallOptions } from "./routed_call.ts";
import type { GrpcMethod, MethodType } from "./method.ts";
import { describeUnknown, RequestHead, trailersOnly } from "./request_head.ts";
import { RequestReader } from "./request_reader.ts";
import { RouteTable } from "./route_table.ts";
import type { StreamHandler, UnaryHandler } from "./server_call.ts";
import { ServerState } from "./server_state.ts";
import type { GrpcServerOptions } from "./server_state.ts";
import { registerService } from "./service_register.ts";

export type { GrpcServerOptions } from "./server_state.ts";

/** What a server holds at the moment: all zero when nothing is going on. */
export interface GrpcServerCounters {
  readonly activeCalls: number;
  readonly pendingDeadlines: number;
  readonly unfinishedBytes: number;
}

const STOPPED = "grpc: the server has been stopped";
const CLOSED_RESPONSE: readonly string[] = trailersOnly(
  "200",
  "application/grpc",
  GrpcCode.Unavailable,
  STOPPED,
);

/** Answers gRPC requests of any number of HTTP/2 connections. */
export class GrpcServer implements Http2Handler {
  readonly #state: ServerState;
  readonly #routes = new RouteTable();
  #closed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: GrpcServerOptions) {
    this.#state = new ServerState(options);
    this.#state.onIdle = () => this.#becameIdle();
  }

  get counters(): GrpcServerCounters {
    return {
      activeCalls: this.#state.activeCalls,
      pendingDeadlines: this.#state.deadlines.size,
      unfinishedBytes: this.#state.unfinishedBytes,
    };
  }

  /** Every registered method. */
  get methods(): GrpcMethod[] {
    return this.#routes.methods();
  }

  /**
   * Registers a service as one registers it with grpc-js: the definition that its tools make, and
   * handlers by the names of the methods.
   */
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    const { clock, observer } = this.#state;
    const threw = (path: string, error: unknown): void => observer?.threw?.(path, error);
    registerService({ routes: this.#routes, clock, threw }, definition, implementation);
  }

  /** Registers a unary method. The handler must not throw. */
  addUnary(path: string, handler: UnaryHandler): void {
    this.#routes.addUnary(path, handler);
  }

  /** Registers a method of another kind. Neither the handler nor its listener must throw. */
  addStream(path: string, handler: StreamHandler, type: MethodType = "bidi_stream"): void {
    this.#routes.addStream(path, type, handler);
  }

  /** Part of Http2Handler. */
  stream(stream: Http2Stream, headers: HeaderList, endStream: boolean): void {
    const head = this.#headOf(headers);
    const route = head.route;
    if (this.#closed) {
      stream.sendHeaders(CLOSED_RESPONSE, true);
    } else if (head.refusal !== undefined) {
      stream.sendHeaders(head.refusal.headers, true);
    } else if (route !== undefined) {
      const call = new Http2ServerCall(this.#state, stream, head, route.method);
      const reader = new RequestReader(this.#state, call, head, route);
      call.reader = reader;
      stream.listener = reader;
      call.begin();
      // A deadline of zero has passed already.
      if (!call.finished) reader.begin();
      if (endStream) reader.end();
    }
  }

  /**
   * Begins a call that came by something else than gRPC. Undefined, with the receiver told why, when
   * it cannot be made.
   */
  call(options: RoutedCallOptions): RoutedCall | undefined {
    const route = this.#routes.find(options.path);
    if (this.#closed) options.receiver.ended(GrpcCode.Unavailable, STOPPED);
    else if (route === undefined) {
      const why = describeUnknown(options.path, this.#routes);
      options.receiver.ended(GrpcCode.Unimplemented, why);
    } else {
      const call = new RoutedCall(this.#state, route, options);
      call.begin();
      return call;
    }
    return undefined;
  }

  /**
   * Resolves when no call is active any more. Calls that begin meanwhile are served: that none
   * begins is up to the connections, which refuse new streams once they say goodbye.
   */
  drained(): Promise<void> {
    if (this.#state.activeCalls === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Refuses all calls from now on and stops the timer: deadlines no longer end calls. */
  close(): void {
    this.#closed = true;
    this.#state.slowCalls?.close();
    this.#state.deadlines.close();
  }

  #headOf(headers: HeaderList): RequestHead {
    const memo = headers.grpcMemo;
    if (memo instanceof RequestHead && memo.isCurrent(this.#routes)) return memo;
    const head = new RequestHead(this.#routes, headers);
    headers.grpcMemo = head;
    return head;
  }

  #becameIdle(): void {
    if (this.#idleWaiters.length === 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
