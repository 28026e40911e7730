import { GrpcCode } from "../../base/grpc_code.ts";
import { WatchCreateRequest, WatchRequest, WatchResponse } from "../../pb/etcdserverpb.ts";
import { type Event, EventType } from "../../pb/mvccpb.ts";
import { WATCH_SERVICE } from "../../pb/services.ts";
import { canceledError, ClientError } from "./client_error.ts";
import { KeyValue } from "./key_value.ts";
import { type BytesLike, type KeyRange, toRange } from "./keys.ts";
import { CLIENT_LIMITS } from "./limits.ts";
import { revisionOf } from "./results.ts";
import type { Transport, TransportStream } from "./transport.ts";

/** What is watched, and from when on. */
export interface WatchOptions extends KeyRange {
  /** The first revision to tell of; without it everything from now on. */
  readonly startRevision?: number;
  /** Tells with each event the pair that was there before. Default false. */
  readonly prevKv?: boolean;
  /** Leaves puts away. Default false. */
  readonly noPut?: boolean;
  /** Leaves deletes away. Default false. */
  readonly noDelete?: boolean;
  /** Sends a batch without events now and then, so that one knows how far the watch is. */
  readonly progressNotify?: boolean;
  /** Ends the watch when it is aborted. */
  readonly signal?: AbortSignal;
}

/** One change of one key. */
export interface WatchEvent {
  /** What happened to the key. */
  readonly type: "put" | "delete";
  /** The pair; after a delete only its key and `modRevision`. */
  readonly kv: KeyValue;
  /** The pair before, if it was asked for and there was one. */
  readonly prevKv: KeyValue | undefined;
}

/** Changes that belong together: the changes of one revision are never torn apart. */
export interface WatchBatch {
  /** Nothing up to this revision will be told any more. */
  readonly revision: number;
  /** In the order in which they happened; empty for a progress notification. */
  readonly events: readonly WatchEvent[];
}

/** The watch cannot go on because what it needs next was compacted away. */
export class WatchCompactedError extends ClientError {
  override name = "WatchCompactedError";
  /** The first revision that a new watch may start at. */
  readonly compactRevision: number;

  /** Makes the error for a compaction at a revision. */
  constructor(compactRevision: number) {
    super(
      GrpcCode.OutOfRange,
      `Cannot go on watching: the history up to revision ${compactRevision} was compacted`,
    );
    this.compactRevision = compactRevision;
  }
}

/**
 * A watch: an async iterator of batches. When the connection breaks it is resumed behind the last
 * batch, so that no event is missed or told twice. Leaving the loop ends it.
 */
export class Watch implements AsyncIterableIterator<WatchBatch>, AsyncDisposable {
  readonly #transport: Transport;
  readonly #request: WatchCreateRequest;
  readonly #created = Promise.withResolvers<number>();
  readonly #queue: WatchBatch[] = [];
  readonly #waiting: PromiseWithResolvers<IteratorResult<WatchBatch>>[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#close(canceledError());
  #stream: TransportStream | undefined;
  #paused = false;
  #closed = false;
  #error: Error | undefined;
  #retryTimer: number | undefined;
  #retryDelayMs: number = CLIENT_LIMITS.watchRetryFirstMs;
  /** Parts of a batch that the server sent in fragments. */
  #fragments: WatchEvent[] = [];

  /** Use {@linkcode Client.watch}. */
  constructor(transport: Transport, key: BytesLike, options: WatchOptions) {
    this.#transport = transport;
    this.#signal = options.signal;
    this.#request = WatchCreateRequest.create({
      ...toRange(key, options),
      startRevision: options.startRevision ?? 0,
      prevKv: options.prevKv ?? false,
      progressNotify: options.progressNotify ?? false,
      fragment: true,
      filters: [...(options.noPut ? [0] : []), ...(options.noDelete ? [1] : [])],
    });
    // Who never asks whether the watch was made has not left an error unhandled.
    this.#created.promise.catch(() => {});
    this.#signal?.addEventListener("abort", this.#abort, { once: true });
    if (this.#signal?.aborted) this.#abort();
    else this.#open();
  }

  /**
   * The store's revision when the server took the watch: what happens behind it is told. Rejects
   * if the watch cannot be made.
   */
  get created(): Promise<number> {
    return this.#created.promise;
  }

  /** The next batch. Rejects with a WatchCompactedError or what else ended the watch. */
  next(): Promise<IteratorResult<WatchBatch>> {
    const batch = this.#queue.shift();
    if (batch !== undefined) {
      this.#resumeIfDrained();
      return Promise.resolve({ value: batch, done: false });
    }
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    const waiting = Promise.withResolvers<IteratorResult<WatchBatch>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Ends the watch. */
  return(): Promise<IteratorResult<WatchBatch>> {
    this.#queue.length = 0;
    this.#close(undefined);
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Ends the watch. */
  async cancel(): Promise<void> {
    await this.return();
  }

  /** The watch itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the watch. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #open(): void {
    this.#stream = this.#transport.stream(WATCH_SERVICE.watch.path, {
      message: (bytes) => this.#take(WatchResponse.decode(bytes)),
      closed: (error) => this.#lost(error),
    });
    const request = WatchRequest.create({ createRequest: this.#request });
    this.#stream.send(WatchRequest.encode(request));
  }

  #take(response: WatchResponse): void {
    if (this.#closed) return;
    const revision = revisionOf(response.header);
    if (response.canceled) return this.#close(cancelError(response));
    if (response.created) {
      this.#retryDelayMs = CLIENT_LIMITS.watchRetryFirstMs;
      // Should the connection break before the first event, nothing behind this may be missed.
      if (this.#request.startRevision === 0) this.#request.startRevision = revision + 1;
      this.#created.resolve(revision);
      return;
    }
    const events = [...this.#fragments, ...response.events.map(watchEvent)];
    this.#fragments = response.fragment ? events : [];
    if (response.fragment) return;
    const last = events.at(-1)?.kv.modRevision ?? revision;
    this.#request.startRevision = Math.max(this.#request.startRevision, last + 1);
    this.#push({ revision, events });
  }

  #push(batch: WatchBatch): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ value: batch, done: false });
      return;
    }
    this.#queue.push(batch);
    if (this.#queue.length >= CLIENT_LIMITS.watchQueueBatches && !this.#paused) {
      this.#paused = true;
      this.#stream?.pause();
    }
  }

  #resumeIfDrained(): void {
    if (!this.#paused || this.#queue.length > CLIENT_LIMITS.watchQueueBatches / 2) return;
    this.#paused = false;
    this.#stream?.resume();
  }

  /** The stream broke: try again later, unless the server said no. */
  #lost(error: Error | undefined): void {
    this.#stream = undefined;
    this.#paused = false;
    this.#fragments = [];
    if (this.#closed) return;
    const code = error instanceof ClientError ? error.code : GrpcCode.Unavailable;
    if (code !== GrpcCode.Unavailable) return this.#close(error);
    this.#retryTimer = setTimeout(() => this.#open(), this.#retryDelayMs);
    this.#retryDelayMs = Math.min(2 * this.#retryDelayMs, CLIENT_LIMITS.watchRetryMostMs);
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    clearTimeout(this.#retryTimer);
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#created.reject(error ?? canceledError());
    this.#stream?.cancel();
    this.#stream = undefined;
    for (const waiting of this.#waiting.splice(0)) {
      if (this.#error === undefined) waiting.resolve({ value: undefined, done: true });
      else waiting.reject(this.#error);
    }
  }
}

function cancelError(response: WatchResponse): ClientError {
  if (response.compactRevision !== 0) return new WatchCompactedError(response.compactRevision);
  const reason = response.cancelReason || "the server canceled the watch";
  return new ClientError(GrpcCode.Canceled, reason);
}

function watchEvent(event: Event): WatchEvent {
  if (event.kv === undefined) throw new TypeError("Cannot read a watch event: it has no pair");
  return {
    type: event.type === EventType.DELETE ? "delete" : "put",
    kv: new KeyValue(event.kv),
    prevKv: event.prevKv === undefined ? undefined : new KeyValue(event.prevKv),
  };
}
