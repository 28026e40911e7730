import { bytesFromText } from "../../../base/bytes.ts";
import type { Clock, Timer } from "../../../base/clock.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  PutRequest,
  RequestOp,
  TxnRequest,
  TxnResponse,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import type { KeyValue } from "../../../pb/mvccpb.ts";
import { WATCH_SERVICE } from "../../../pb/services.ts";
import type { Asker } from "../asker.ts";
import type { KvServers } from "../kv_servers.ts";
import type { ServerCalls } from "../upstream.ts";
import { LEASING_LIMITS } from "./limits.ts";

/** What a leasing key holds when its owner is to let it go; etcd's word. */
export const REVOKE = bytesFromText("REVOKE");

const FILTER_NO_PUT = 0;

/** Asks the owners of keys to let them go. */
export class Revocation {
  readonly #servers: KvServers;
  readonly #upstream: ServerCalls;
  readonly #clock: Clock;

  constructor(servers: KvServers, upstream: ServerCalls, clock: Clock) {
    this.#servers = servers;
    this.#upstream = upstream;
    this.#clock = clock;
  }

  /** Asks for all of these leasing keys, and waits until their owners have answered. */
  async revokeAll(asker: Asker, leasingKeys: readonly KeyValue[]): Promise<void> {
    const { revocationsAtOnce } = LEASING_LIMITS;
    for (let i = 0; i < leasingKeys.length; i += revocationsAtOnce) {
      const some = leasingKeys.slice(i, i + revocationsAtOnce);
      await Promise.all(some.map((leasingKey) => this.#revoke(asker, leasingKey)));
    }
  }

  /**
   * Asks one owner, and waits until it has let go, or for so long that it had better be asked again:
   * whoever wants the key looks again who owns it, anyway.
   */
  async #revoke(asker: Asker, { key, createRevision }: KeyValue): Promise<void> {
    const bytes = await this.#servers.txn(asker, revokeRequest(key, createRevision));
    const { succeeded, header } = TxnResponse.decode(bytes);
    if (succeeded) await this.#untilGone(asker, key, header?.revision ?? 0);
  }

  /** Watches in the caller's name: who may not read the leasing keys gets nowhere, but slowly. */
  async #untilGone(asker: Asker, leasingKey: string, revision: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { revocationWaitMs, retryMs } = LEASING_LIMITS;
    const timers: Timer[] = [this.#clock.setTimer(revocationWaitMs, resolve)];
    const pause = () => timers.push(this.#clock.setTimer(retryMs, resolve));
    const stream = this.#upstream.stream(WATCH_SERVICE.watch.path, asker.caller, {
      message: (bytes) => {
        const { events, canceled } = WatchResponse.decode(bytes);
        if (events.length > 0) resolve();
        else if (canceled) pause();
      },
      closed: pause,
    });
    const createRequest = WatchCreateRequest.create({
      key: leasingKey,
      startRevision: revision + 1,
      filters: [FILTER_NO_PUT],
    });
    stream.send(WatchRequest.encode(WatchRequest.create({ createRequest })));
    asker.signal.addEventListener("abort", () => resolve(), { once: true });
    if (asker.signal.aborted) resolve();
    await promise;
    stream.cancel();
    for (const timer of timers) timer.cancel();
  }
}

/** Leaves the lease as it is, by which the owner knows that it is meant. */
function revokeRequest(leasingKey: string, createRevision: number): TxnRequest {
  const isSame = Compare.create({
    key: leasingKey,
    target: CompareTarget.CREATE,
    result: CompareResult.EQUAL,
    createRevision,
  });
  const requestPut = PutRequest.create({ key: leasingKey, value: REVOKE, ignoreLease: true });
  return TxnRequest.create({ compare: [isSame], success: [RequestOp.create({ requestPut })] });
}
