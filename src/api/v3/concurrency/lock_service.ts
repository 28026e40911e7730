import { ETCD_ERRORS } from "../../../core/errors.ts";
import type { ServerCall } from "../../../net/grpc/server_call.ts";
import { PutRequest, RangeRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE, LOCK_SERVICE } from "../../../pb/services.ts";
import { LockRequest, LockResponse, UnlockRequest, UnlockResponse } from "../../../pb/v3lockpb.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import type { ServiceRegistry } from "../../service_registry.ts";
import { refusing } from "../calls.ts";
import type { CallerClient } from "./caller_client.ts";
import type { InnerServices } from "./inner_services.ts";
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
import { answerWith } from "./outcome.ts";

/** v3lockpb.Lock: a lock is owned as long as its key is there. */
export class LockService {
  readonly #server: EtcdServer;
  readonly #services: InnerServices;

  constructor(server: EtcdServer, services: InnerServices) {
    this.#server = server;
    this.#services = services;
  }

  register(registry: ServiceRegistry): void {
    registry.addUnary(
      LOCK_SERVICE.lock.path,
      refusing((call, bytes, start, end) => this.#lock(call, bytes, start, end)),
    );
    registry.addUnary(
      LOCK_SERVICE.unlock.path,
      refusing((call, bytes, start, end) => this.#unlock(call, bytes, start, end)),
    );
  }

  #lock(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = LockRequest.decode(bytes, start, end);
    const caller = this.#services.clientFor(call);
    answerWith(this.#server, call, LockResponse, lock(caller, request));
  }

  #unlock(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { key } = UnlockRequest.decode(bytes, start, end);
    const caller = this.#services.clientFor(call);
    answerWith(this.#server, call, UnlockResponse, unlock(caller, key));
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
