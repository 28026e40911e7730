import { concatBytes } from "../../../base/bytes.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { settled } from "../../../base/settled.ts";
import type { Client } from "../client.ts";
import { ClientError } from "../client_error.ts";
import type { KeyValue } from "../kv/key_value.ts";
import { type BytesLike, toBytes } from "../kv/keys.ts";
import type { RangeOptions } from "../kv/requests.ts";
import type { RangeResult, TxnResult } from "../kv/results.ts";
import { compare, op, type Operation } from "../kv/txn.ts";
import type { CallOptions } from "../transport/transport.ts";
import { unlessAborted } from "../waiting.ts";
import { WatchCompactedError } from "../watch/watch.ts";

const FIRST_MADE: RangeOptions = {
  prefix: true,
  limit: 1,
  sortBy: "createRevision",
  order: "ascending",
};

/** The key of one who waits; the one whose key was made first is in front. */
export interface Place {
  readonly keyBytes: Uint8Array;
  readonly createRevision: number;
}

/** A place as the owner of a lease took or found it. */
interface TakenPlace extends Place {
  /** The pair that was there already: the place had been taken before. */
  readonly present: KeyValue | undefined;
  /** What the operation found that ran along with it, if one did. */
  readonly alongside: readonly KeyValue[];
}

/**
 * The queue that a lock or an election is, key for key as Go's package `concurrency`, etcdctl and
 * the services Lock and Election make it: each who waits has a key `<name>/<lease in hex>`.
 */
export class Queue {
  /** What begins every key. */
  readonly prefix: Uint8Array;
  /** Finds the pair in front, within a transaction. */
  readonly findFirst: Operation;
  readonly #client: Client;

  constructor(client: Client, name: BytesLike) {
    this.prefix = concatBytes([toBytes(name), toBytes("/")]);
    this.findFirst = op.get(this.prefix, FIRST_MADE);
    this.#client = client;
  }

  /** Finds the pair in front, if there is one. */
  first(options: CallOptions): Promise<RangeResult> {
    return this.#client.range(this.prefix, { ...FIRST_MADE, ...options });
  }

  /**
   * Takes the place of a lease with `value`, or finds it as it is. The operation `along` runs in the
   * same transaction.
   */
  async take(
    lease: bigint,
    value: BytesLike,
    options: CallOptions,
    ...along: readonly [] | readonly [Operation]
  ): Promise<TakenPlace> {
    const keyBytes = concatBytes([this.prefix, toBytes(lease.toString(16))]);
    const result = await this.#client.txn()
      .if(compare.createRevision(keyBytes, "=", 0))
      .success(op.put(keyBytes, value, { lease }), ...along)
      .failure(op.get(keyBytes), ...along)
      .commit(options);
    const alongside = foundBy(result, 1);
    if (result.succeeded) {
      return { keyBytes, createRevision: result.revision, present: undefined, alongside };
    }
    const [present] = foundBy(result, 0);
    return { keyBytes, createRevision: present.createRevision, present, alongside };
  }

  /** Waits until all keys are gone that were made before that of the place. */
  async untilFirst({ createRevision }: Place, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { kvs, revision } = await this.#client.range(this.prefix, {
        ...FIRST_MADE,
        order: "descending",
        maxCreateRevision: createRevision - 1,
        signal,
      });
      if (kvs.length === 0) return;
      // Only the one that is next in front, or the end of each would wake everybody.
      await untilDeleted(this.#client, kvs[0].keyBytes, revision, signal);
    }
  }
}

/** The pairs that one operation of a transaction found. */
function foundBy(result: TxnResult, operation: number): readonly KeyValue[] {
  const response = result.responses.at(operation);
  return response?.kind === "range" ? response.range.kvs : [];
}

/** Returns early when it cannot tell: whoever waits looks again. */
async function untilDeleted(
  client: Client,
  key: Uint8Array,
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  await using watch = client.watch(key, { startRevision, noPut: true, signal });
  try {
    await watch.next();
  } catch (error) {
    if (!(error instanceof WatchCompactedError)) throw error;
  }
}

/**
 * Waits in a place until it is in front. Whoever cannot wait for that, because the signal is aborted
 * or the wait fails, gives the place up, even if it is taken only afterwards.
 */
export async function waitInPlace<P extends Place>(
  taking: Promise<P>,
  signal: AbortSignal,
  wait: (place: P) => Promise<void>,
  giveUp: (place: P) => Promise<void>,
): Promise<P> {
  const place = await unlessAborted(taking, signal, giveUp);
  try {
    await wait(place);
  } catch (error) {
    // What cannot be deleted now ends with the session's lease.
    await settled(giveUp(place));
    throw error;
  }
  return place;
}

/** Deletes the key of a place, unless somebody else has made it anew. */
export async function leaveQueue(
  client: Client,
  { keyBytes, createRevision }: Place,
): Promise<void> {
  await client.txn()
    .if(compare.createRevision(keyBytes, "=", createRevision))
    .success(op.delete(keyBytes))
    .commit();
}

/** Whoever waits or holds does so no longer, because the session's lease is gone. */
export function sessionExpired(what: string, cause?: unknown): ClientError {
  const options = cause === undefined ? {} : { cause };
  return new ClientError(GrpcCode.FailedPrecondition, `${what}: session is expired`, options);
}
