import type { Timer } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ETCD_ERRORS } from "../../../core/errors.ts";
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from "../../../pb/etcdserverpb.ts";
import { LEASE_SERVICE } from "../../../pb/services.ts";
import { asClientError, ClientError, isStreamLoss, refusalError } from "../client_error.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import { type ClientSession, nextRetryDelay } from "../client_session.ts";
import type { TransportStream } from "../transport/transport.ts";

/** Hears how a lease is kept. */
interface LeaseKeeperListener {
  /** The lease was renewed. */
  renewed(response: LeaseKeepAliveResponse): void;
  /**
   * The lease is not kept any more: it was lost, or `error` is undefined and it was ended here.
   * `response` is what the server said last, if it was the server who ended it.
   */
  ended(error: ClientError | undefined, response?: LeaseKeepAliveResponse): void;
}

/**
 * Renews one lease over and over, on a stream of its own. A stream that breaks or falls silent is
 * replaced, until the lease must have ended: one time to live after the last renewal was sent.
 */
export class LeaseKeeper {
  readonly #session: ClientSession;
  readonly #id: bigint;
  readonly #listener: LeaseKeeperListener;
  readonly #close = () => this.stop();
  #ttlMs: number;
  #stream: TransportStream | undefined;
  /** How many streams there have been: what an older one still says is not heard. */
  #generation = 0;
  /** The next thing to do: renew, replace a silent stream, or open a new one. */
  #timer: Timer | undefined;
  #retryDelayMs: number = CLIENT_LIMITS.retryFirstMs;
  #sentAtMs = 0;
  /** When the lease ends unless it is renewed. */
  #endsAtMs: number;
  #over = false;

  /** Nothing happens before `start()`. */
  constructor(
    session: ClientSession,
    id: bigint,
    ttlSeconds: number,
    listener: LeaseKeeperListener,
  ) {
    this.#session = session;
    this.#id = id;
    this.#ttlMs = ttlSeconds * 1000;
    this.#endsAtMs = session.clock.monotonicMs() + this.#ttlMs;
    this.#listener = listener;
  }

  /**
   * When the lease ends unless it is renewed, on the scale of the clock's `monotonicMs()`. From the
   * first renewal on the server ends it later than that.
   */
  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  /** Renews the lease for the first time, and from then on. */
  start(): void {
    if (this.#over) return;
    const { closing } = this.#session;
    closing.addEventListener("abort", this.#close, { once: true });
    if (closing.aborted) this.stop();
    else this.#open();
  }

  /** Renews the lease no longer; it ends by itself. */
  stop(): void {
    this.#finish(undefined);
  }

  #open(): void {
    const generation = ++this.#generation;
    const isCurrent = () => !this.#over && generation === this.#generation;
    this.#stream = undefined;
    this.#timer = undefined;
    const stream = this.#session.transport.stream(LEASE_SERVICE.leaseKeepAlive.path, {
      message: (bytes) => isCurrent() && this.#answered(bytes),
      closed: (error) => isCurrent() && this.#lost(error),
    });
    // A stream that failed at once has been heard of above, and another will follow.
    if (!isCurrent() || this.#timer !== undefined) return;
    this.#stream = stream;
    this.#renew();
  }

  #renew(): void {
    this.#sentAtMs = this.#session.clock.monotonicMs();
    const leftMs = Math.max(0, this.#endsAtMs - this.#sentAtMs);
    this.#setTimer(Math.min(this.#intervalMs(), leftMs), () => this.#replace());
    const request = LeaseKeepAliveRequest.create({ id: this.#id });
    this.#stream?.send(LeaseKeepAliveRequest.encode(request));
  }

  #answered(bytes: Uint8Array): void {
    let response: LeaseKeepAliveResponse;
    try {
      response = LeaseKeepAliveResponse.decode(bytes);
    } catch (cause) {
      const message = "Cannot read a keep-alive response: it is malformed";
      return this.#finish(new ClientError(GrpcCode.Internal, message, { cause }));
    }
    if (response.ttl <= 0) {
      return this.#finish(refusalError(ETCD_ERRORS.leaseNotFound), response);
    }
    this.#retryDelayMs = CLIENT_LIMITS.retryFirstMs;
    this.#ttlMs = response.ttl * 1000;
    this.#endsAtMs = this.#sentAtMs + this.#ttlMs;
    const elapsedMs = this.#session.clock.monotonicMs() - this.#sentAtMs;
    this.#setTimer(Math.max(0, this.#intervalMs() - elapsedMs), () => this.#renew());
    this.#listener.renewed(response);
  }

  /** No answer came in the time in which the next renewal was due: perhaps another server answers. */
  #replace(): void {
    const silent = this.#stream;
    this.#generation++;
    silent?.cancel();
    this.#lost(undefined);
  }

  /** The stream broke: try again later, unless the server said no or the lease must have ended. */
  #lost(error: Error | undefined): void {
    this.#stream = undefined;
    if (!isStreamLoss(error)) return this.#finish(asClientError(error));
    const leftMs = this.#endsAtMs - this.#session.clock.monotonicMs();
    if (leftMs <= 0) return this.#finish(this.#lapsed(error));
    this.#setTimer(Math.min(this.#retryDelayMs, leftMs), () => this.#open());
    this.#retryDelayMs = nextRetryDelay(this.#retryDelayMs);
  }

  #lapsed(cause: Error | undefined): ClientError {
    const message = `Cannot keep lease ${this.#id.toString(16)}: ` +
      "no renewal reached the server within its time to live";
    return new ClientError(GrpcCode.Unavailable, message, cause === undefined ? {} : { cause });
  }

  #intervalMs(): number {
    const { keepAlivesPerTtl, keepAliveIntervalMostMs } = CLIENT_LIMITS;
    return Math.min(this.#ttlMs / keepAlivesPerTtl, keepAliveIntervalMostMs);
  }

  #setTimer(delayMs: number, fire: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#session.clock.setTimer(delayMs, fire);
  }

  #finish(error: ClientError | undefined, response?: LeaseKeepAliveResponse): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#session.closing.removeEventListener("abort", this.#close);
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#listener.ended(error, response);
  }
}
