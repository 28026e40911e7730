import { ETCD_ERRORS } from "../../../core/errors.ts";
import { PutRequest, RangeRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE, LOCK_SERVICE } from "../../../pb/services.ts";
import type { LockRequest, LockResponse, UnlockResponse } from "../../../pb/v3lockpb.ts";
import type { ServiceRegistry } from "../../service_registry.ts";
import type { CallerClient } from "./caller_client.ts";
import { ComposedService } from "./composed_service.ts";
import {
  firstInQueue,
  foundBy,
  ifCreatedAt,
  keyInQueue,
  leaseFor,
  queuePrefix,
  revisionOf,
  untilFirst,
} from "./key_queue.ts";

/** v3lockpb.Lock: a lock is owned as long as its key is there. */
export class LockService extends ComposedService {
  register(registry: ServiceRegistry): void {
    this.addUnary(registry, LOCK_SERVICE.lock, lock);
    this.addUnary(registry, LOCK_SERVICE.unlock, (caller, { key }) => unlock(caller, key));
  }
}

async function lock(
  caller: CallerClient,
  { name, lease: givenLease }: LockRequest,
): Promise<LockResponse | undefined> {
  const lease = await leaseFor(caller, givenLease);
  const prefix = queuePrefix(name);
  const key = keyInQueue(prefix, lease);
  const first = { requestRange: firstInQueue(prefix) };
  const txn = await ifCreatedAt(
    caller,
    key,
    0,
    [{ requestPut: PutRequest.create({ key, lease }) }, first],
    [{ requestRange: RangeRequest.create({ key }) }, first],
  );
  const createRevision = txn.succeeded ? revisionOf(txn.header) : foundBy(txn, 0)[0].createRevision;
  if (foundBy(txn, 1)[0].createRevision !== createRevision) {
    return await waitForLock(caller, prefix, key, createRevision);
  }
  // Unlike in etcd, a lock that was made for a caller who has gone is nobody's at once.
  if (caller.isGone && txn.succeeded) await unlock(caller, key);
  return { header: txn.header, key };
}

/** Whoever does not get the lock must not stand in the way of those behind. */
async function waitForLock(
  caller: CallerClient,
  prefix: string,
  key: string,
  createRevision: number,
): Promise<LockResponse | undefined> {
  let isOwner = false;
  try {
    isOwner = await untilFirst(caller, prefix, createRevision) && !caller.isGone;
  } finally {
    if (!isOwner) await unlock(caller, key);
  }
  if (!isOwner) return undefined;
  const { header, kvs } = await caller.request(KV_SERVICE.range, { key });
  if (kvs.length === 0) throw ETCD_ERRORS.sessionExpired;
  return { header, key };
}

async function unlock(caller: CallerClient, key: string): Promise<UnlockResponse> {
  const { header } = await caller.request(KV_SERVICE.deleteRange, { key });
  return { header };
}
