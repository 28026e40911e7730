import type { Clock } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { checkTxn } from "../../../core/mvcc/request_checks.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  PutRequest,
  RangeRequest,
  RangeResponse,
  RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import type { Asker } from "../asker.ts";
import type { KvServers } from "../kv_servers.ts";
import { statusOf } from "../upstream.ts";
import { LEASING_LIMITS } from "./limits.ts";
import { answerRange, answerTxn, isReadOfOneKey } from "./local_answers.ts";
import type { LeasingNames } from "./names.ts";
import type { NewestHeader } from "./newest_header.ts";
import type { KnownPair, OwnedKey, PairReader } from "./owned_key.ts";
import type { OwnedKeys } from "./owned_keys.ts";

/** What reads need of the rest of this room. */
interface LeasedReadParts {
  readonly servers: KvServers;
  readonly names: LeasingNames;
  readonly keys: OwnedKeys;
  readonly newest: NewestHeader;
  readonly clock: Clock;
  /** The lease of this proxy's ownerships, if it surely lasts. */
  lease(): bigint | undefined;
  /** The servers know nothing of that lease. */
  leaseLost(): void;
}

/** Answers reads of keys that this proxy owns, and acquires keys that are read. */
export class LeasedReads {
  readonly #parts: LeasedReadParts;
  /** Requests that were answered without the servers. */
  answerCount = 0;

  constructor(parts: LeasedReadParts) {
    this.#parts = parts;
  }

  /** The answer, if it is known. */
  known(callerKey: string, request: RangeRequest): RangeResponse | undefined {
    if (!isReadOfOneKey(request)) return undefined;
    const pair = this.#pairOf(callerKey, request.key);
    if (pair === undefined) return undefined;
    this.answerCount++;
    return answerRange(request, pair, this.#parts.newest.header);
  }

  /** The answer; known, or the servers'. */
  async range(asker: Asker, request: RangeRequest): Promise<Uint8Array> {
    const { keys, lease } = this.#parts;
    const { key, serializable } = request;
    if (!isReadOfOneKey(request) || serializable) return await this.#ask(asker, request);
    await keys.untilSettled(key);
    const known = this.known(callerKeyOf(asker), request);
    if (known !== undefined) return RangeResponse.encode(known);
    const session = lease();
    if (session === undefined) return await this.#ask(asker, request);
    const owned = keys.read(key);
    if (owned !== undefined) return await this.#readOwned(asker, request, owned);
    if (!keys.mayAcquire(key)) return await this.#ask(asker, request);
    return await this.#acquire(asker, request, session);
  }

  /** The answer to a transaction that only reads what is known. */
  async txn(asker: Asker, request: TxnRequest): Promise<TxnResponse | undefined> {
    const { keys, newest } = this.#parts;
    const read = keysRead(request).filter((key) => keys.get(key) !== undefined);
    if (read.length === 0) return undefined;
    await Promise.all(read.map((key) => keys.untilSettled(key)));
    // What no server would take is for the servers to refuse.
    if (!isSound(request)) return undefined;
    const callerKey = callerKeyOf(asker);
    const answer = answerTxn(request, (key) => this.#pairOf(callerKey, key), newest.header);
    if (answer !== undefined) this.answerCount++;
    return answer;
  }

  #pairOf(callerKey: string, key: string): KnownPair | undefined {
    if (this.#parts.lease() === undefined) return undefined;
    return this.#parts.keys.read(key)?.knownTo(callerKey, this.#parts.clock.monotonicMs());
  }

  #readerOf(asker: Asker): PairReader {
    return { callerKey: callerKeyOf(asker), nowMs: this.#parts.clock.monotonicMs() };
  }

  async #ask(asker: Asker, request: RangeRequest): Promise<Uint8Array> {
    const bytes = await this.#parts.servers.range(asker, request);
    this.#parts.newest.noteResponse(bytes);
    return bytes;
  }

  /** Reads what is not known of a key that is owned, or not by this caller. */
  async #readOwned(asker: Asker, request: RangeRequest, owned: OwnedKey): Promise<Uint8Array> {
    const { mark } = owned;
    const reader = this.#readerOf(asker);
    const bytes = await this.#ask(asker, RangeRequest.create({ key: owned.key }));
    const { header, kvs } = RangeResponse.decode(bytes);
    owned.learn(mark, reader, kvs.at(0), header?.revision ?? 0);
    return RangeResponse.encode(answerRange(request, { pair: kvs.at(0) }, header));
  }

  /** Reads a key and acquires it in one transaction. What prevents that must not prevent the read. */
  async #acquire(asker: Asker, request: RangeRequest, lease: bigint): Promise<Uint8Array> {
    const { keys, names, servers, newest } = this.#parts;
    const { key } = request;
    const reader = this.#readerOf(asker);
    const acquisition = keys.beginAcquisition(key);
    let answer: TxnResponse;
    try {
      const leasingKey = names.leasingKeyOf(key);
      answer = TxnResponse.decode(
        await servers.txn(asker, acquireRequest(request, leasingKey, lease)),
      );
    } catch (error) {
      keys.notAcquired(acquisition);
      if (statusOf(error).code === GrpcCode.NotFound) this.#parts.leaseLost();
      return await this.#ask(asker, request);
    }
    const { header, succeeded, responses } = answer;
    newest.note(header);
    const read = { ...(responses[0].responseRange ?? RangeResponse.create()), header };
    if (!succeeded) {
      keys.notAcquired(acquisition);
      return RangeResponse.encode(read);
    }
    const revision = header?.revision ?? 0;
    const owned = keys.acquired(acquisition, revision);
    const pair = read.kvs.at(0);
    owned?.learn(owned.mark, reader, pair, revision);
    return RangeResponse.encode(answerRange(request, { pair }, header));
  }
}

/** What one caller may read is nothing to another. */
export function callerKeyOf({ caller }: Asker): string {
  return caller?.key ?? "";
}

/**
 * Reads all there is to know of a key if it can be acquired, else what was asked for. A key on a lease
 * of a client is not worth it: it may go at any time, without a word.
 */
function acquireRequest(request: RangeRequest, leasingKey: string, lease: bigint): TxnRequest {
  const isFree = Compare.create({
    key: leasingKey,
    target: CompareTarget.CREATE,
    result: CompareResult.EQUAL,
    createRevision: 0,
  });
  const isLasting = Compare.create({
    key: request.key,
    target: CompareTarget.LEASE,
    result: CompareResult.EQUAL,
    lease: 0n,
  });
  const whole = RangeRequest.create({ key: request.key });
  const ownership = PutRequest.create({ key: leasingKey, lease });
  return {
    compare: [isFree, isLasting],
    success: [
      RequestOp.create({ requestRange: whole }),
      RequestOp.create({ requestPut: ownership }),
    ],
    failure: [RequestOp.create({ requestRange: request })],
  };
}

/** The single keys that a transaction looks at. */
function keysRead({ compare, success, failure }: TxnRequest): string[] {
  const reads = [...success, ...failure].flatMap(({ requestRange }) => requestRange ?? []);
  const alone = [...compare, ...reads].filter(({ rangeEnd }) => rangeEnd === "");
  return [...new Set(alone.map(({ key }) => key))];
}

function isSound(request: TxnRequest): boolean {
  try {
    checkTxn(request, LEASING_LIMITS.txnOps);
    return true;
  } catch {
    return false;
  }
}
