import { InternalRaftRequest } from "../../pb/etcdserverpb.ts";
import { AlarmOperation } from "./alarm.ts";
import { ClusterMemberAttrSetOperation, ClusterVersionSetOperation } from "./cluster.ts";
import { CompactionOperation, DeleteRangeOperation, PutOperation, TxnOperation } from "./kv.ts";
import { LeaseGrantOperation, LeaseRevokeOperation } from "./lease.ts";
import type { Operation } from "./operation.ts";

/** An entry whose command this version does not know; applying past it would fork the state. */
export class UnknownOperation extends Error {
  override name = "UnknownOperation";
}

/** Reads the command of a normal entry, as any etcd from 3.6 on writes it. */
export function decodeOperation(data: Uint8Array, index: number): Operation {
  const request = InternalRaftRequest.decode(data);
  if (request.put) return new PutOperation(request.put);
  if (request.deleteRange) return new DeleteRangeOperation(request.deleteRange);
  if (request.txn) return new TxnOperation(request.txn);
  if (request.compaction) return new CompactionOperation(request.compaction);
  if (request.leaseGrant) return new LeaseGrantOperation(request.leaseGrant);
  if (request.leaseRevoke) return new LeaseRevokeOperation(request.leaseRevoke);
  if (request.alarm) return new AlarmOperation(request.alarm);
  if (request.clusterMemberAttrSet) {
    return new ClusterMemberAttrSetOperation(request.clusterMemberAttrSet);
  }
  if (request.clusterVersionSet) return new ClusterVersionSetOperation(request.clusterVersionSet);
  throw new UnknownOperation(
    `Cannot apply log entry ${index}: its command (${knownNameOf(request)}) is not supported by ` +
      "this version of detcd",
  );
}

function knownNameOf(request: InternalRaftRequest): string {
  const present = Object.entries(request).filter(([name, value]) =>
    name !== "header" && name !== "id" && value !== undefined
  );
  return present.map(([name]) => name).join(", ") || "none that is known";
}
