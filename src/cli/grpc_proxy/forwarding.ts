import type { Clock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type {
  MessageListener,
  ServerCall,
  StreamHandler,
  UnaryHandler,
} from "../../net/grpc/server_call.ts";
import type { Asker } from "./asker.ts";
import { Caller, statusOf, type Upstream, type UpstreamStream } from "./upstream.ts";

/** Passes the calls of clients on to the servers. */
export class Forwarder {
  readonly upstream: Upstream;
  readonly #clock: Clock;

  constructor(upstream: Upstream, clock: Clock) {
    this.upstream = upstream;
    this.#clock = clock;
  }

  /** Passes on the calls of one unary method; something may be done to the responses. */
  unary(rewriteResponse?: (bytes: Uint8Array) => Uint8Array): UnaryHandler {
    return (call, bytes, start, end) => {
      // The request is valid only until this returns.
      const copy = bytes.slice(start, end);
      this.answer(call, async () => {
        const { caller, signal, remainingMs } = this.askerOf(call);
        const response = await this.upstream.unary(call.path, copy, caller, remainingMs(), signal);
        return rewriteResponse?.(response) ?? response;
      });
    };
  }

  /** Answers a call with what `work` gives, or with what goes wrong in it. */
  answer(call: ServerCall, work: () => Promise<Uint8Array>): void {
    work().then(
      (response) => call.respond(response, 0, response.length),
      (error) => {
        const { code, details } = statusOf(error);
        call.fail(code, details);
      },
    );
  }

  /** Has the servers asked in the name of a caller, for as long as that one waits. */
  askerOf(call: ServerCall): Asker & { readonly caller: Caller } {
    const canceled = new AbortController();
    call.onCancel = () => canceled.abort();
    return {
      caller: new Caller(call.metadata),
      signal: canceled.signal,
      remainingMs: () => call.deadlineMs - this.#clock.monotonicMs(),
    };
  }

  /** Passes on the streams of one method, message by message. */
  stream(): StreamHandler {
    return (call) => new ForwardedStream(call, this.upstream);
  }
}

/** One stream, passed on in both directions at the pace of who listens. */
class ForwardedStream implements MessageListener {
  readonly #call: ServerCall;
  readonly #stream: UpstreamStream;

  constructor(call: ServerCall, upstream: Upstream) {
    this.#call = call;
    this.#stream = upstream.stream(call.path, new Caller(call.metadata), {
      message: (bytes) => {
        if (!call.send(bytes, 0, bytes.length)) this.#stream.pause();
      },
      closed: (code, details) => {
        if (code === GrpcCode.OK) call.end();
        else call.fail(code, details);
      },
      drained: () => call.resume(),
    });
    call.onDrain = () => this.#stream.resume();
    call.onCancel = () => this.#stream.cancel();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#stream.send(bytes.slice(start, end))) this.#call.pause();
  }

  halfClosed(): void {
    this.#stream.halfClose();
  }
}
