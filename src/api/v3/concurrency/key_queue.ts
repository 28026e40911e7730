import {
  Compare,
  CompareResult,
  CompareTarget,
  RangeRequest,
  RequestOp,
  type ResponseHeader,
  SortOrder,
  SortTarget,
  type TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import type { KeyValue } from "../../../pb/mvccpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../../pb/services.ts";
import type { CallerClient } from "./caller_client.ts";
import { WatchCompacted } from "./inner_watch.ts";

/**
 * The queues that locks and elections are: each who waits has a key of its own under the queue's
 * name, and whose key was made first is in front. Clients that know these keys may do without the
 * services, as those of Go's package `concurrency` and etcdctl do.
 */

/** How long the lease lives that a caller without one is given; nobody renews it. */
const GIVEN_LEASE_SECONDS = 60;

const NO_PUTS = 0;

/** What begins every key of a queue. */
export function queuePrefix(name: string): string {
  return `${name}/`;
}

/** The key of the owner of a lease. Like Go's format, it writes a negative ID with its sign. */
export function keyInQueue(prefix: string, lease: bigint): string {
  return prefix + lease.toString(16);
}

/** The caller's lease, or one that is granted for it. */
export async function leaseFor(caller: CallerClient, lease: bigint): Promise<bigint> {
  if (lease !== 0n) return lease;
  const { id } = await caller.request(LEASE_SERVICE.leaseGrant, { ttl: GIVEN_LEASE_SECONDS });
  return id;
}

export function rangeOfQueue(prefix: string): { key: string; rangeEnd: string } {
  // Every prefix ends with a slash, so there is always a next one.
  const last = prefix.length - 1;
  const next = String.fromCharCode(prefix.charCodeAt(last) + 1);
  return { key: prefix, rangeEnd: prefix.slice(0, last) + next };
}

/** Asks for the pair that is in front. */
export function firstInQueue(prefix: string): RangeRequest {
  return RangeRequest.create({
    ...rangeOfQueue(prefix),
    limit: 1,
    sortTarget: SortTarget.CREATE,
    sortOrder: SortOrder.ASCEND,
  });
}

/** Runs operations if a key was made at that revision; 0: if there is no such key. */
export function ifCreatedAt(
  caller: CallerClient,
  key: string,
  createRevision: number,
  success: Partial<RequestOp>[],
  failure: Partial<RequestOp>[] = [],
): Promise<TxnResponse> {
  return caller.request(KV_SERVICE.txn, {
    compare: [
      Compare.create({
        key,
        result: CompareResult.EQUAL,
        target: CompareTarget.CREATE,
        createRevision,
      }),
    ],
    success: success.map((operation) => RequestOp.create(operation)),
    failure: failure.map((operation) => RequestOp.create(operation)),
  });
}

/** The pairs that one range of a transaction found. */
export function foundBy(response: TxnResponse, operation: number): readonly KeyValue[] {
  return response.responses.at(operation)?.responseRange?.kvs ?? [];
}

/** The store's revision when a response was made. */
export function revisionOf(header: ResponseHeader | undefined): number {
  return header?.revision ?? 0;
}

/**
 * Waits until all keys of the queue are gone that were made before `createRevision`. Resolves with
 * false when the caller went before. Rejects with an InnerCallFailure.
 */
export async function untilFirst(
  caller: CallerClient,
  prefix: string,
  createRevision: number,
): Promise<boolean> {
  while (!caller.isGone) {
    const { kvs, header } = await caller.request(KV_SERVICE.range, {
      ...rangeOfQueue(prefix),
      limit: 1,
      sortTarget: SortTarget.CREATE,
      sortOrder: SortOrder.DESCEND,
      maxCreateRevision: createRevision - 1,
    });
    if (kvs.length === 0) return true;
    // Only the one that is next in front, or the end of each would wake everybody.
    await untilDeleted(caller, kvs[0].key, revisionOf(header));
  }
  return false;
}

/** Returns early when it cannot tell: whoever waits looks again. */
async function untilDeleted(caller: CallerClient, key: string, revision: number): Promise<void> {
  const watch = caller.watch({ key, startRevision: revision, filters: [NO_PUTS] });
  try {
    await watch.next();
  } catch (error) {
    if (!(error instanceof WatchCompacted)) throw error;
  } finally {
    watch.close();
  }
}
