import { bytesEqual } from "../../../base/bytes.ts";
import { ETCD_ERRORS } from "../../../core/errors.ts";
import { DeleteRangeRequest, PutRequest, RangeRequest } from "../../../pb/etcdserverpb.ts";
import { ELECTION_SERVICE, KV_SERVICE } from "../../../pb/services.ts";
import {
  type CampaignRequest,
  type CampaignResponse,
  LeaderKey,
  type LeaderResponse,
  type ProclaimResponse,
  type ResignResponse,
} from "../../../pb/v3electionpb.ts";
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
import { LeaderStream } from "./leader_stream.ts";

/** v3electionpb.Election: who is in front of the queue leads, and its value is what it says. */
export class ElectionService extends ComposedService {
  register(registry: ServiceRegistry): void {
    const { leader: leaderOf, observe } = ELECTION_SERVICE;
    this.addUnary(registry, ELECTION_SERVICE.campaign, campaign);
    this.addUnary(
      registry,
      ELECTION_SERVICE.proclaim,
      (caller, { leader, value }) => proclaimOnLease(caller, named(leader), value),
    );
    this.addUnary(registry, leaderOf, (caller, { name }) => leader(caller, name));
    this.addUnary(
      registry,
      ELECTION_SERVICE.resign,
      (caller, { leader }) => resign(caller, named(leader)),
    );
    registry.addStream(
      observe.path,
      (call) => new LeaderStream(call, this.server, this.services.clientFor(call)),
      "server_stream",
    );
  }
}

/** The leader that a request is of. */
function named(leader: LeaderKey | undefined): LeaderKey {
  if (leader === undefined) throw ETCD_ERRORS.missingLeaderKey;
  return leader;
}

async function campaign(
  caller: CallerClient,
  { name, lease: givenLease, value }: CampaignRequest,
): Promise<CampaignResponse | undefined> {
  const lease = await leaseFor(caller, givenLease);
  const prefix = queuePrefix(name);
  const key = keyInQueue(prefix, lease);
  const txn = await ifCreatedAt(
    caller,
    key,
    0,
    [{ requestPut: PutRequest.create({ key, value, lease }) }],
    [{ requestRange: RangeRequest.create({ key }) }],
  );
  const candidate = LeaderKey.create({ name, key, lease, rev: revisionOf(txn.header) });
  if (!txn.succeeded) {
    const [pair] = foundBy(txn, 0);
    candidate.rev = pair.createRevision;
    if (!bytesEqual(pair.value, value)) await proclaimOrResign(caller, candidate, value);
  }
  if (!await waitToLead(caller, prefix, candidate)) return undefined;
  return { header: txn.header, leader: candidate };
}

/** Whoever no longer waits must not be elected. */
async function waitToLead(
  caller: CallerClient,
  prefix: string,
  candidate: LeaderKey,
): Promise<boolean> {
  let isLeader = false;
  try {
    isLeader = await untilFirst(caller, prefix, candidate.rev) && !caller.isGone;
  } finally {
    if (!isLeader) await resign(caller, candidate);
  }
  return isLeader;
}

async function proclaimOrResign(
  caller: CallerClient,
  candidate: LeaderKey,
  value: Uint8Array,
): Promise<void> {
  try {
    await proclaim(caller, candidate, value);
  } catch (error) {
    await resign(caller, candidate);
    throw error;
  }
}

/** A leader who names no lease goes on with one that is granted for it. */
async function proclaimOnLease(
  caller: CallerClient,
  leader: LeaderKey,
  value: Uint8Array,
): Promise<ProclaimResponse> {
  const lease = await leaseFor(caller, leader.lease);
  return await proclaim(caller, { ...leader, lease }, value);
}

async function proclaim(
  caller: CallerClient,
  { key, rev, lease }: LeaderKey,
  value: Uint8Array,
): Promise<ProclaimResponse> {
  const put = PutRequest.create({ key, value, lease });
  const { succeeded, header } = await ifCreatedAt(caller, key, rev, [{ requestPut: put }]);
  if (!succeeded) throw ETCD_ERRORS.electionNotLeader;
  return { header };
}

async function resign(caller: CallerClient, { key, rev }: LeaderKey): Promise<ResignResponse> {
  const requestDeleteRange = DeleteRangeRequest.create({ key });
  const { header } = await ifCreatedAt(caller, key, rev, [{ requestDeleteRange }]);
  return { header };
}

async function leader(caller: CallerClient, name: string): Promise<LeaderResponse> {
  const { header, kvs } = await caller.request(
    KV_SERVICE.range,
    firstInQueue(queuePrefix(name)),
  );
  if (kvs.length === 0) throw ETCD_ERRORS.electionNoLeader;
  return { header, kv: kvs[0] };
}
