import type { Clock, Timer } from "../../../base/clock.ts";
import { Compare, CompareResult, CompareTarget } from "../../../pb/etcdserverpb.ts";
import { DeleteRangeRequest, RequestOp, TxnRequest } from "../../../pb/etcdserverpb.ts";
import type { Asker } from "../asker.ts";
import type { KvServers } from "../kv_servers.ts";
import { isRefusal, statusOf } from "../upstream.ts";
import { LEASING_LIMITS } from "./limits.ts";
import type { LeasingNames } from "./names.ts";

/** What lets go of keys, for those who want to write them. */
interface ReleaseParts {
  readonly servers: KvServers;
  readonly names: LeasingNames;
  readonly clock: Clock;
  /** The servers do not let this proxy give a key back. */
  refused(error: unknown): void;
}

/**
 * Lets the servers forget that this proxy owns keys, in its own name and in the background, until it
 * has worked or the session is over: that ends all ownership by itself.
 */
export class Releases {
  readonly #parts: ReleaseParts;
  /** The newest ownership that is being given back, by key. */
  readonly #revisions = new Map<string, number>();
  readonly #timers = new Set<Timer>();
  #session = new AbortController();

  constructor(parts: ReleaseParts) {
    this.#parts = parts;
  }

  /** Gives back an ownership that was made at this revision or before. */
  release(key: string, revision: number): void {
    if ((this.#revisions.get(key) ?? 0) >= revision) return;
    this.#revisions.set(key, revision);
    this.#attempt(key, revision, this.#session.signal);
  }

  /** Gives up on all that is not given back yet. */
  clear(): void {
    this.#session.abort();
    this.#session = new AbortController();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#revisions.clear();
  }

  #attempt(key: string, revision: number, signal: AbortSignal): void {
    const asker: Asker = {
      caller: undefined,
      signal,
      remainingMs: () => LEASING_LIMITS.callTimeoutMs,
    };
    this.#parts.servers.txn(asker, this.#requestOf(key, revision)).then(
      () => {
        if (this.#revisions.get(key) === revision) this.#revisions.delete(key);
      },
      (error) => this.#failed(key, revision, signal, error),
    );
  }

  #failed(key: string, revision: number, signal: AbortSignal, error: unknown): void {
    if (signal.aborted || this.#revisions.get(key) !== revision) return;
    if (isRefusal(statusOf(error).code)) return this.#parts.refused(error);
    const timer = this.#parts.clock.setTimer(LEASING_LIMITS.retryMs, () => {
      this.#timers.delete(timer);
      this.#attempt(key, revision, signal);
    });
    this.#timers.add(timer);
  }

  /** An ownership that was made later is another one, and may be somebody else's. */
  #requestOf(key: string, revision: number): TxnRequest {
    const leasingKey = this.#parts.names.leasingKeyOf(key);
    const isOld = Compare.create({
      key: leasingKey,
      target: CompareTarget.CREATE,
      result: CompareResult.LESS,
      createRevision: revision + 1,
    });
    const requestDeleteRange = DeleteRangeRequest.create({ key: leasingKey });
    return TxnRequest.create({
      compare: [isOld],
      success: [RequestOp.create({ requestDeleteRange })],
    });
  }
}
