import type { Timer } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ETCD_ERRORS } from "../../../core/errors.ts";
import { type WatchCreateRequest, WatchRequest, WatchResponse } from "../../../pb/etcdserverpb.ts";
import type { Event } from "../../../pb/mvccpb.ts";
import { WATCH_SERVICE } from "../../../pb/services.ts";
import { asClientError, ClientError, isStreamLoss } from "../client_error.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import { type ClientSession, nextRetryDelay } from "../client_session.ts";
import type { StreamOptions, TransportStream } from "../transport/transport.ts";

/** Hears what a watch tells. */
interface WatchFeedListener {
  /** The server took the watch; `revision` is the store's at that moment. Called once. */
  created(revision: number): void;
  /**
   * Events, whole even if the server sent them in fragments, or a progress notification, which has
   * none. `sizeBytes` is what came over the wire.
   */
  response(response: WatchResponse, sizeBytes: number): void;
  /**
   * The watch is over: the server's or the network's error, or undefined when it was ended here.
   * `response` is what the server ended it with, if it did.
   */
  closed(error: ClientError | undefined, response?: WatchResponse): void;
}

/**
 * The watch cannot go on because what it needs next was compacted away.
 *
 * @example Reading everything anew
 * ```ts
 * import { newMemoryConfig, startEtcd, WatchCompactedError } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * const { revision } = await client.put("a", "1");
 * await client.put("a", "2");
 * await client.compact(revision + 1);
 *
 * try {
 *   for await (const batch of client.watch("a", { startRevision: revision })) console.log(batch);
 * } catch (error) {
 *   if (!(error instanceof WatchCompactedError)) throw error;
 *   const { kvs, revision } = await client.range("a");
 *   console.log(kvs.length, "pairs; watch from", revision + 1);
 * }
 * ```
 */
export class WatchCompactedError extends ClientError {
  /** `WatchCompactedError`. */
  override name = "WatchCompactedError";
  /** The first revision that a new watch may start at. */
  readonly compactRevision: number;

  /** Makes the error for a compaction at a revision. */
  constructor(compactRevision: number) {
    super(ETCD_ERRORS.compacted.code, ETCD_ERRORS.compacted.message);
    this.compactRevision = compactRevision;
  }
}

/** The server's watch ID in answers to requests for progress, which concern a whole stream. */
const REQUESTED_PROGRESS_ID = -1n;

/**
 * One watch on a stream of its own. When the stream breaks it is opened again and the watch goes
 * on behind the last event that was told, so that none is missed or told twice.
 */
export class WatchFeed {
  readonly #session: ClientSession;
  readonly #request: WatchCreateRequest;
  readonly #options: StreamOptions;
  readonly #listener: WatchFeedListener;
  readonly #close = () => this.cancel();
  #stream: TransportStream | undefined;
  /** How many streams there have been: what an older one still says is not heard. */
  #generation = 0;
  #paused = false;
  #over = false;
  #wasCreated = false;
  #retryTimer: Timer | undefined;
  #retryDelayMs: number = CLIENT_LIMITS.retryFirstMs;
  #fragments: Event[] = [];
  #fragmentBytes = 0;

  /** Nothing happens before `start()`; `request` is changed as the watch goes on. */
  constructor(
    session: ClientSession,
    request: WatchCreateRequest,
    options: StreamOptions,
    listener: WatchFeedListener,
  ) {
    this.#session = session;
    this.#request = request;
    this.#options = options;
    this.#listener = listener;
  }

  /** Opens the watch; the listener may hear of it before this returns. */
  start(): void {
    const { closing } = this.#session;
    closing.addEventListener("abort", this.#close, { once: true });
    if (closing.aborted) this.#finish(undefined);
    else this.#open();
  }

  /**
   * Asks the server how far the watch is; the answer comes as a response without events. Nothing
   * is asked while the watch has no connection.
   */
  requestProgress(): void {
    this.#stream?.send(WatchRequest.encode(WatchRequest.create({ progressRequest: {} })));
  }

  /** Asks the server to hold its events, also over a broken connection. */
  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  /** Takes `pause` back. */
  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  /** Ends the watch; the listener hears of it. */
  cancel(): void {
    this.#finish(undefined);
  }

  #open(): void {
    const generation = ++this.#generation;
    const isCurrent = () => !this.#over && generation === this.#generation;
    const stream = this.#session.transport.stream(WATCH_SERVICE.watch.path, {
      message: (bytes) => isCurrent() && this.#message(bytes),
      closed: (error) => isCurrent() && this.#lost(error),
    }, this.#options);
    // A stream that failed at once has been heard of above, and another will follow.
    if (!isCurrent() || this.#retryTimer !== undefined) return;
    this.#stream = stream;
    if (this.#paused) stream.pause();
    stream.send(WatchRequest.encode(WatchRequest.create({ createRequest: this.#request })));
  }

  #message(bytes: Uint8Array): void {
    let response: WatchResponse;
    try {
      response = WatchResponse.decode(bytes);
    } catch (cause) {
      const message = "Cannot read a watch response: it is malformed";
      return this.#finish(new ClientError(GrpcCode.Internal, message, { cause }));
    }
    if (response.canceled) return this.#finish(cancelError(response), response);
    if (response.created) return this.#created(response.header?.revision ?? 0);
    this.#take(response, bytes.length);
  }

  #created(revision: number): void {
    this.#retryDelayMs = CLIENT_LIMITS.retryFirstMs;
    // Should the connection break before the first event, nothing behind this may be missed.
    if (this.#request.startRevision === 0) this.#request.startRevision = revision + 1;
    if (this.#wasCreated) return;
    this.#wasCreated = true;
    this.#listener.created(revision);
  }

  #take(response: WatchResponse, sizeBytes: number): void {
    if (response.fragment) {
      for (const event of response.events) this.#fragments.push(event);
      this.#fragmentBytes += sizeBytes;
      return;
    }
    if (this.#fragments.length > 0) response.events = this.#fragments.concat(response.events);
    const wholeBytes = this.#fragmentBytes + sizeBytes;
    this.#dropFragments();
    const told = toldRevision(response);
    if (told >= this.#request.startRevision) this.#request.startRevision = told + 1;
    this.#listener.response(response, wholeBytes);
  }

  #dropFragments(): void {
    this.#fragments = [];
    this.#fragmentBytes = 0;
  }

  /** The stream broke: try again later, unless the server said no. */
  #lost(error: Error | undefined): void {
    this.#stream = undefined;
    this.#dropFragments();
    if (!isStreamLoss(error)) return this.#finish(asClientError(error));
    this.#retryTimer = this.#session.clock.setTimer(this.#retryDelayMs, () => {
      this.#retryTimer = undefined;
      this.#open();
    });
    this.#retryDelayMs = nextRetryDelay(this.#retryDelayMs);
  }

  #finish(error: ClientError | undefined, response?: WatchResponse): void {
    if (this.#over) return;
    this.#over = true;
    this.#retryTimer?.cancel();
    this.#session.closing.removeEventListener("abort", this.#close);
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#dropFragments();
    this.#listener.closed(error, response);
  }
}

/**
 * Up to which revision everything has been told with this response. The header's revision says it
 * only of a periodic progress notification: with events it is the store's own, which a watch that
 * is behind has not reached, and servers before 3.4.25 and 3.5.8 answer a request for progress
 * before the events that belong to it.
 */
function toldRevision(response: WatchResponse): number {
  const last = response.events.at(-1)?.kv;
  if (last !== undefined) return last.modRevision;
  return response.watchId === REQUESTED_PROGRESS_ID ? 0 : response.header?.revision ?? 0;
}

function cancelError(response: WatchResponse): ClientError {
  if (response.compactRevision !== 0) return new WatchCompactedError(response.compactRevision);
  const [, name, message] = STATUS_REASON.exec(response.cancelReason) ?? [];
  const code = Object.entries(GrpcCode).find(([known]) => known === name)?.[1];
  if (code !== undefined) return new ClientError(code, message);
  return new ClientError(
    GrpcCode.Canceled,
    response.cancelReason || "the server canceled the watch",
  );
}

/** The text of a gRPC status in Go, which servers give as reason of a refusal. */
const STATUS_REASON = /^rpc error: code = (\w+) desc = (.*)$/s;
