import { GrpcCode } from "../../../base/grpc_code.ts";
import type { CallReceiver, InProcessCall } from "../../../net/grpc/in_process_call.ts";
import type { ServerCall, StreamHandler } from "../../../net/grpc/server_call.ts";
import { type WatchCreateRequest, WatchRequest, WatchResponse } from "../../../pb/etcdserverpb.ts";
import { WATCH_SERVICE } from "../../../pb/services.ts";
import { V3_LIMITS } from "../limits.ts";
import { callFor, InnerCallFailure } from "./inner_call.ts";

/** Says that the history which a watch wanted to begin with is gone. */
export class WatchCompacted extends Error {
  override name = "WatchCompacted";
}

/** One watch inside the process, read response by response. */
export class InnerWatch implements CallReceiver {
  readonly #call: InProcessCall;
  readonly #closed: () => void;
  readonly #queue: WatchResponse[] = [];
  #waiting: PromiseWithResolvers<WatchResponse | undefined> | undefined;
  #isCongested = false;
  #isOver = false;
  #failure: Error | undefined;

  constructor(outer: ServerCall, closed: () => void) {
    this.#closed = closed;
    this.#call = callFor(outer, WATCH_SERVICE.watch.path, this);
  }

  message(bytes: Uint8Array, start: number, end: number): boolean {
    this.#take(WatchResponse.decode(bytes.slice(start, end)));
    return !this.#isCongested;
  }

  ended(code: number, message: string): void {
    this.#end(code === GrpcCode.OK ? undefined : new InnerCallFailure(code, message));
  }

  start(handler: StreamHandler, createRequest: WatchCreateRequest): void {
    const bytes = WatchRequest.encode(WatchRequest.create({ createRequest }));
    handler(this.#call).message(bytes, 0, bytes.length);
  }

  /**
   * The next response with events; undefined once the watch was closed. Rejects with
   * WatchCompacted, or with an InnerCallFailure when the service ended the watch. Not to be called
   * again before it has settled.
   */
  next(): Promise<WatchResponse | undefined> {
    const response = this.#queue.shift();
    if (response !== undefined) {
      this.#drain();
      return Promise.resolve(response);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isOver) return Promise.resolve(undefined);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    this.#end(undefined);
    this.#call.cancel();
  }

  #take(response: WatchResponse): void {
    if (response.canceled) return this.#canceled(response);
    if (response.events.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) return waiting.resolve(response);
    this.#queue.push(response);
    if (this.#queue.length >= V3_LIMITS.innerWatchResponses) this.#isCongested = true;
  }

  #canceled({ compactRevision, cancelReason }: WatchResponse): void {
    this.#end(
      compactRevision !== 0
        ? new WatchCompacted(`the history up to ${compactRevision} was compacted`)
        : new InnerCallFailure(GrpcCode.Unknown, cancelReason),
    );
    this.close();
  }

  #drain(): void {
    if (!this.#isCongested || this.#queue.length > 0) return;
    this.#isCongested = false;
    this.#call.drained();
  }

  #end(failure: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#closed();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    if (failure === undefined) waiting.resolve(undefined);
    else waiting.reject(failure);
  }
}
