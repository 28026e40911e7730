import { WatchCreateRequest, type WatchResponse } from "../../../pb/etcdserverpb.ts";
import { type Event, EventType } from "../../../pb/mvccpb.ts";
import { canceledError, type ClientError } from "../client_error.ts";
import { KeyValue } from "../kv/key_value.ts";
import { type BytesLike, type KeyRange, toRange } from "../kv/keys.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import type { ClientSession } from "../client_session.ts";
import { WatchFeed } from "./watch_feed.ts";

export { WatchCompactedError } from "./watch_feed.ts";

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
  /**
   * Has the server send a batch without events when nothing has happened for some time (etcd: 10
   * minutes), so that one knows how far the watch is. Default false.
   */
  readonly progressNotify?: boolean;
  /** Leaves a member that loses its leader, and goes on at another. Default false. */
  readonly requireLeader?: boolean;
  /** Ends the watch when it is aborted; the loop throws a ClientError with code Canceled. */
  readonly signal?: AbortSignal;
}

/** One change of one key. */
export interface WatchEvent {
  /** What happened to the key. */
  readonly type: "put" | "delete";
  /** The pair; after a delete only its key and `modRevision`. */
  readonly kv: KeyValue;
  /** The pair before, if it was asked for, there was one and it was not compacted away. */
  readonly prevKv: KeyValue | undefined;
}

/** Changes that belong together: the changes of one revision are never torn apart. */
export interface WatchBatch {
  /**
   * How far the watch is: everything up to this revision has been told with this batch. (The
   * answer to {@linkcode Watch.requestProgress} by etcd before 3.4.25 and 3.5.8 may be ahead of
   * its events.)
   */
  readonly revision: number;
  /** In the order in which they happened; empty for a progress notification. */
  readonly events: readonly WatchEvent[];
}

/** A batch that nobody has asked for yet. */
interface QueuedBatch {
  readonly batch: WatchBatch;
  readonly sizeBytes: number;
}

const FILTER_NO_PUT = 0;
const FILTER_NO_DELETE = 1;

/**
 * A watch: an async iterator of batches. When the connection breaks it is resumed behind the last
 * batch, so that no event is missed or told twice. A loop that is slower than the events has the
 * server hold them back; memory stays bounded. Leaving the loop ends the watch, and so does closing
 * the client. The loop throws a {@linkcode WatchCompactedError} when what comes next was compacted
 * away, and a {@linkcode ClientError} when the server refuses the watch.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * await using watch = client.watch("jobs/", { prefix: true });
 * await watch.created;
 *
 * await client.put("jobs/1", "sweep");
 * await client.delete("jobs/1");
 *
 * const seen: string[] = [];
 * for await (const { events } of watch) {
 *   for (const { type, kv } of events) seen.push(`${type} ${kv.key}`);
 *   if (seen.length === 2) break;
 * }
 * if (seen.join() !== "put jobs/1,delete jobs/1") throw new Error(seen.join());
 * ```
 */
export class Watch implements AsyncIterableIterator<WatchBatch, undefined>, AsyncDisposable {
  readonly #feed: WatchFeed;
  readonly #created = Promise.withResolvers<number>();
  readonly #queue: QueuedBatch[] = [];
  readonly #waiting: PromiseWithResolvers<IteratorResult<WatchBatch, undefined>>[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#abandon(canceledError(this.#signal));
  #queuedBytes = 0;
  #paused = false;
  #closed = false;
  #error: ClientError | undefined;

  /** Use {@linkcode Client.watch}. */
  constructor(session: ClientSession, key: BytesLike, options: WatchOptions) {
    this.#signal = options.signal;
    // Who never asks whether the watch was made has not left an error unhandled.
    this.#created.promise.catch(() => {});
    this.#feed = new WatchFeed(session, createRequest(key, options), options, {
      created: (revision) => this.#created.resolve(revision),
      response: (response, sizeBytes) => this.#push({ batch: batchOf(response), sizeBytes }),
      closed: (error) => this.#close(error),
    });
    this.#signal?.addEventListener("abort", this.#abort, { once: true });
    if (this.#signal?.aborted) this.#abort();
    else this.#feed.start();
  }

  /**
   * The store's revision when the server took the watch: what happens behind it is told. Rejects
   * if the watch cannot be made or was ended before; while the server cannot be reached it waits.
   */
  get created(): Promise<number> {
    return this.#created.promise;
  }

  /**
   * The next batch; done when the watch was ended here. Rejects, once, with what else ended it. May
   * be called again before it has resolved.
   */
  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    const queued = this.#queue.shift();
    if (queued !== undefined) {
      this.#queuedBytes -= queued.sizeBytes;
      this.#resumeIfDrained();
      return Promise.resolve({ value: queued.batch, done: false });
    }
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    const waiting = Promise.withResolvers<IteratorResult<WatchBatch, undefined>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Ends the watch; what has not been asked for is dropped. */
  return(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#abandon(undefined);
    this.#error = undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Ends the watch; what has not been asked for is dropped. */
  async cancel(): Promise<void> {
    await this.return();
  }

  /**
   * Asks the server how far the watch is; the answer comes as a batch without events. Nothing is
   * asked while the connection is broken. Needs etcd 3.4 or newer.
   */
  requestProgress(): void {
    this.#feed.requestProgress();
  }

  /** The watch itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the watch. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #push(queued: QueuedBatch): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ value: queued.batch, done: false });
      return;
    }
    this.#queue.push(queued);
    this.#queuedBytes += queued.sizeBytes;
    if (!this.#paused && this.#fill() >= 1) {
      this.#paused = true;
      this.#feed.pause();
    }
  }

  #resumeIfDrained(): void {
    if (!this.#paused || this.#fill() > 0.5) return;
    this.#paused = false;
    this.#feed.resume();
  }

  /** How full the queue is; from 1 on the server has to hold back. */
  #fill(): number {
    const { watchQueueBatches, watchQueueBytes } = CLIENT_LIMITS;
    return Math.max(this.#queue.length / watchQueueBatches, this.#queuedBytes / watchQueueBytes);
  }

  /** Ends the watch from this side. */
  #abandon(error: ClientError | undefined): void {
    this.#queue.length = 0;
    this.#close(error);
    this.#feed.cancel();
  }

  #close(error: ClientError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#created.reject(error ?? canceledError());
    const waiting = this.#waiting.splice(0);
    // The first who waits hears of the error; like after any iterator's error the rest is silence.
    if (error !== undefined && waiting.length > 0) waiting.shift()?.reject(error);
    else this.#error = error;
    for (const { resolve } of waiting) resolve({ value: undefined, done: true });
  }
}

function createRequest(key: BytesLike, options: WatchOptions): WatchCreateRequest {
  return WatchCreateRequest.create({
    ...toRange(key, options),
    startRevision: options.startRevision ?? 0,
    prevKv: options.prevKv ?? false,
    progressNotify: options.progressNotify ?? false,
    fragment: true,
    filters: [
      ...(options.noPut ? [FILTER_NO_PUT] : []),
      ...(options.noDelete ? [FILTER_NO_DELETE] : []),
    ],
  });
}

function batchOf(response: WatchResponse): WatchBatch {
  const last = response.events.at(-1)?.kv;
  return {
    revision: last?.modRevision ?? response.header?.revision ?? 0,
    events: response.events.map(watchEvent),
  };
}

function watchEvent(event: Event): WatchEvent {
  if (event.kv === undefined) throw new TypeError("Cannot read a watch event: it has no pair");
  return {
    type: event.type === EventType.DELETE ? "delete" : "put",
    kv: new KeyValue(event.kv),
    prevKv: event.prevKv === undefined ? undefined : new KeyValue(event.prevKv),
  };
}
