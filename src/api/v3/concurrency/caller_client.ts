import { GrpcCode } from "../../../base/grpc_code.ts";
import type { ServerCall, StreamHandler, UnaryHandler } from "../../../net/grpc/server_call.ts";
import type { MessageCodec } from "../../../pb/codec.ts";
import { WatchCreateRequest } from "../../../pb/etcdserverpb.ts";
import { WATCH_SERVICE } from "../../../pb/services.ts";
import { callFor, InnerCallFailure } from "./inner_call.ts";
import { InnerWatch } from "./inner_watch.ts";

/** A method as pb/services.ts describes it. */
export interface UnaryMethod<Request, Response> {
  readonly path: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

/** Where the handlers of the inner services are. */
interface InnerHandlers {
  unaryHandler(path: string): UnaryHandler;
  streamHandler(path: string): StreamHandler;
}

/** Asks other services of this member in the name of one caller. */
export class CallerClient {
  readonly #handlers: InnerHandlers;
  readonly #call: ServerCall;
  readonly #watches = new Set<InnerWatch>();
  /** The caller has given up. At most once. */
  onGone: (() => void) | undefined;

  constructor(handlers: InnerHandlers, call: ServerCall) {
    this.#handlers = handlers;
    this.#call = call;
    call.onCancel = () => {
      for (const watch of this.#watches) watch.close();
      this.onGone?.();
    };
  }

  /** Whether nobody waits for the answer any more. */
  get isGone(): boolean {
    return this.#call.finished;
  }

  /**
   * One request, one response. Rejects with an InnerCallFailure. It goes on when the caller goes:
   * what is in the log cannot be taken back.
   */
  request<Request, Response>(
    method: UnaryMethod<Request, Response>,
    fields: Partial<Request>,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = callFor(this.#call, method.path, {
        message: (bytes, start, end) => {
          resolve(method.response.decode(bytes.slice(start, end)));
          return true;
        },
        // A response has settled the promise by now; then this does nothing.
        ended: (code, message) => reject(failureOf(method.path, code, message)),
      });
      const bytes = method.request.encode(method.request.create(fields));
      this.#handlers.unaryHandler(method.path)(call, bytes, 0, bytes.length);
    });
  }

  /** Watches; the watch ends when the caller goes, and is to be closed before that. */
  watch(fields: Partial<WatchCreateRequest>): InnerWatch {
    const watch = new InnerWatch(this.#call, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    watch.start(
      this.#handlers.streamHandler(WATCH_SERVICE.watch.path),
      WatchCreateRequest.create(fields),
    );
    if (this.isGone) watch.close();
    return watch;
  }
}

function failureOf(path: string, code: number, message: string): InnerCallFailure {
  if (code !== GrpcCode.OK) return new InnerCallFailure(code, message);
  return new InnerCallFailure(GrpcCode.Internal, `${path} ended without a response`);
}
