import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { settled } from "../../../base/settled.ts";
import type { ClientSession } from "../../../embed/client/client_session.ts";
import type { Transport } from "../../../embed/client/transport/transport.ts";
import { WatchFeed } from "../../../embed/client/watch/watch_feed.ts";
import { WatchCreateRequest } from "../../../pb/etcdserverpb.ts";
import type { Event } from "../../../pb/mvccpb.ts";
import { LeaseHold } from "./lease_hold.ts";
import { LEASING_LIMITS } from "./limits.ts";
import type { LeasingNames } from "./names.ts";

/** What a session needs, and tells. */
interface LeasingSessionParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly names: LeasingNames;
  readonly logger: Logger;
  readonly ttlSeconds: number;
  /** Leasing keys have changed. */
  changed(events: readonly Event[]): void;
  /** Nothing is owned any more. */
  ended(): void;
}

/**
 * What ownership hangs on: a lease that goes when this proxy does, and a watch of all leasing keys by
 * which others ask for keys. A session that has lost either of them is over, and another one begins.
 */
export class LeasingSession {
  readonly #parts: LeasingSessionParts;
  readonly #closing = new AbortController();
  readonly #client: ClientSession;
  #hold: LeaseHold | undefined;
  #end: () => void = () => {};
  #work: Promise<void> = Promise.resolve();
  #retryMs: number = LEASING_LIMITS.sessionRetryFirstMs;

  constructor(parts: LeasingSessionParts) {
    this.#parts = parts;
    const { transport, clock } = parts;
    this.#client = { transport, clock, closing: this.#closing.signal };
  }

  /** The lease by which others know what this proxy owns, though it may have ended by now. */
  get lease(): bigint | undefined {
    return this.#hold?.id;
  }

  /** The lease if it surely lasts; without one, nothing may be said to be owned. */
  get certainLease(): bigint | undefined {
    return this.#hold?.isCertain ? this.#hold.id : undefined;
  }

  start(): void {
    this.#work = this.#run();
  }

  /** Ends this session before its time; another one will begin. */
  restart(): void {
    this.#end();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#end();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { logger } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#last();
      } catch (error) {
        if (signal.aborted) return;
        logger.warn("no session for leased reads; all reads go to the servers", { error });
      }
      if (!signal.aborted) await this.#pause();
    }
  }

  /** Lasts as long as one session does. Rejects if there never was one. */
  async #last(): Promise<void> {
    const over = Promise.withResolvers<void>();
    this.#end = () => over.resolve();
    const watching = Promise.withResolvers<void>();
    const feed = new WatchFeed(this.#client, this.#watchRequest(), {}, {
      created: () => watching.resolve(),
      response: ({ events }) => this.#parts.changed(events),
      closed: (error) => {
        watching.reject(error ?? new Error("the watch of the leasing keys was ended"));
        over.resolve();
      },
    });
    feed.start();
    try {
      await watching.promise;
      await this.#holdLease(over.promise);
    } finally {
      feed.cancel();
    }
  }

  async #holdLease(over: Promise<void>): Promise<void> {
    const { ttlSeconds, logger } = this.#parts;
    const hold = await LeaseHold.grant(this.#client, ttlSeconds);
    const lease = hold.id.toString(16);
    const end = Promise.race([over, hold.ended]);
    const isHeld = await Promise.race([hold.renewed.then(() => true), end.then(() => false)]);
    if (isHeld) {
      this.#hold = hold;
      this.#retryMs = LEASING_LIMITS.sessionRetryFirstMs;
      logger.info("leased reads begin", { lease });
      await end;
      this.#hold = undefined;
      this.#parts.ended();
      logger.info("leased reads end", { lease });
    }
    // Others need not wait for what this proxy will not serve any more.
    await settled(hold.revoke());
  }

  #watchRequest(): WatchCreateRequest {
    const { key, rangeEnd } = this.#parts.names.all;
    // Without progress the place to go on from after a broken connection may have been compacted.
    return WatchCreateRequest.create({ key, rangeEnd, progressNotify: true });
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.setTimer(this.#retryMs, resolve);
    this.#retryMs = Math.min(2 * this.#retryMs, LEASING_LIMITS.sessionRetryMostMs);
    const stop = (): void => resolve();
    const { signal } = this.#closing;
    signal.addEventListener("abort", stop, { once: true });
    return promise.finally(() => {
      timer.cancel();
      signal.removeEventListener("abort", stop);
    });
  }
}
