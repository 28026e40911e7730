import { concatBytes } from "../../../base/bytes.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import type { Client } from "../client.ts";
import { ClientError } from "../client_error.ts";
import type { KeyValue } from "../kv/key_value.ts";
import { type BytesLike, toBytes } from "../kv/keys.ts";
import type { RangeOptions } from "../kv/requests.ts";
import type { TxnResult } from "../kv/results.ts";
import { compare, op } from "../kv/txn.ts";
import { WatchCompactedError } from "../watch/watch.ts";

/**
 * The queues that locks and elections are, key for key as Go's package `concurrency`, etcdctl and
 * the services Lock and Election make them: each who waits has a key `<name>/<lease in hex>`, and
 * the one whose key was made first is in front.
 */

/** What begins every key of a queue. */
export function queuePrefix(name: BytesLike): Uint8Array {
  return concatBytes([toBytes(name), toBytes("/")]);
}

/** The key of the owner of a lease. */
export function keyInQueue(prefix: Uint8Array, lease: bigint): Uint8Array {
  return concatBytes([prefix, toBytes(lease.toString(16))]);
}

/** Finds the pair in front. */
export const FIRST_IN_QUEUE: RangeOptions = {
  prefix: true,
  limit: 1,
  sortBy: "createRevision",
  order: "ascending",
};

/** The pairs that one operation of a transaction found. */
export function foundBy(result: TxnResult, operation: number): readonly KeyValue[] {
  const response = result.responses.at(operation);
  return response?.kind === "range" ? response.range.kvs : [];
}

/** Waits until all keys are gone that were made before `createRevision`. */
export async function untilFirst(
  client: Client,
  prefix: Uint8Array,
  createRevision: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { kvs, revision } = await client.range(prefix, {
      ...FIRST_IN_QUEUE,
      order: "descending",
      maxCreateRevision: createRevision - 1,
      signal,
    });
    if (kvs.length === 0) return;
    // Only the one that is next in front, or the end of each would wake everybody.
    await untilDeleted(client, kvs[0].keyBytes, revision, signal);
  }
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

/** Deletes a key of a queue, unless somebody else has made it anew. */
export async function leaveQueue(
  client: Client,
  key: Uint8Array,
  createRevision: number,
): Promise<void> {
  await client.txn()
    .if(compare.createRevision(key, "=", createRevision))
    .success(op.delete(key))
    .commit();
}

/** Whoever waits or holds does so no longer, because the session's lease is gone. */
export function sessionExpired(what: string, cause?: unknown): ClientError {
  const options = cause === undefined ? {} : { cause };
  return new ClientError(GrpcCode.FailedPrecondition, `${what}: session is expired`, options);
}
