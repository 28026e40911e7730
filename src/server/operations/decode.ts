import { NOBODY, Requester } from "../../core/auth/requester.ts";
import {
  AlarmRequest,
  CompactionRequest,
  DeleteRangeRequest,
  InternalAuthenticateRequest,
  InternalRaftRequest,
  LeaseCheckpointRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  Request,
  RequestHeader,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import {
  ClusterMemberAttrSetRequest,
  ClusterVersionSetRequest,
  DowngradeInfoSetRequest,
} from "../../pb/membershippb.ts";
import { AlarmOperation } from "./alarm.ts";
import { AUTH_CHANGES } from "./auth_changes.ts";
import { AuthenticateOperation } from "./authenticate.ts";
import {
  ClusterMemberAttrSetOperation,
  ClusterVersionSetOperation,
  DowngradeInfoSetOperation,
  type MembershipOperation,
} from "./cluster.ts";
import { type EntryLayout, layoutOf } from "./entry_layout.ts";
import { OperationField } from "./field.ts";
import { CompactionOperation, DeleteRangeOperation, PutOperation, TxnOperation } from "./kv.ts";
import { LeaseCheckpointOperation, LeaseGrantOperation, LeaseRevokeOperation } from "./lease.ts";
import { NoOperation } from "./no_operation.ts";
import type { Operation } from "./operation.ts";
import { V2Operation } from "./v2.ts";

/** An entry whose command this version does not know; applying past it would fork the state. */
export class UnknownOperation extends Error {
  override name = "UnknownOperation";
}

/** Reads that members send through the log, and what etcd's own tests of downgrades write. */
const WITHOUT_EFFECT: ReadonlySet<number> = new Set([
  OperationField.RANGE,
  OperationField.AUTH_STATUS,
  OperationField.AUTH_USER_GET,
  OperationField.AUTH_USER_LIST,
  OperationField.AUTH_ROLE_GET,
  OperationField.AUTH_ROLE_LIST,
  OperationField.DOWNGRADE_VERSION_TEST,
]);

/** Reads the command of a normal entry, as any etcd from 3.4 on writes it. */
export function decodeOperation(data: Uint8Array, index: number): Operation {
  const layout = layoutOf(data);
  if (layout.isBareV2) return new V2Operation(Request.decode(data));
  const operation = operationAt(data, layout);
  if (operation === undefined) throw unknownOperation(data, index);
  return operation;
}

/** Reads the command of a normal entry if it is about the members or the cluster version. */
export function decodeMembershipOperation(
  data: Uint8Array,
): MembershipOperation<unknown> | undefined {
  const layout = layoutOf(data);
  if (layout.isBareV2) return new V2Operation(Request.decode(data));
  return membershipOperationAt(data, layout);
}

function operationAt(data: Uint8Array, layout: EntryLayout): Operation | undefined {
  return requestAt(data, layout) ?? membershipOperationAt(data, layout) ??
    (WITHOUT_EFFECT.has(layout.field) ? new NoOperation(layout.field) : undefined);
}

function requestAt(data: Uint8Array, layout: EntryLayout): Operation | undefined {
  const { field, start, end } = layout;
  const requester = requesterOf(data, layout);
  switch (field) {
    case OperationField.PUT:
      return new PutOperation(PutRequest.decode(data, start, end), undefined, requester);
    case OperationField.DELETE_RANGE:
      return new DeleteRangeOperation(
        DeleteRangeRequest.decode(data, start, end),
        undefined,
        requester,
      );
    case OperationField.TXN:
      return new TxnOperation(TxnRequest.decode(data, start, end), undefined, requester);
    case OperationField.COMPACTION:
      return new CompactionOperation(
        CompactionRequest.decode(data, start, end),
        undefined,
        requester,
      );
    case OperationField.LEASE_GRANT:
      return new LeaseGrantOperation(
        LeaseGrantRequest.decode(data, start, end),
        undefined,
        requester,
      );
    case OperationField.LEASE_REVOKE:
      return new LeaseRevokeOperation(
        LeaseRevokeRequest.decode(data, start, end),
        undefined,
        requester,
      );
    case OperationField.LEASE_CHECKPOINT:
      return new LeaseCheckpointOperation(LeaseCheckpointRequest.decode(data, start, end));
    case OperationField.AUTHENTICATE:
      return new AuthenticateOperation(InternalAuthenticateRequest.decode(data, start, end));
    case OperationField.ALARM:
      return new AlarmOperation(AlarmRequest.decode(data, start, end), undefined, requester);
    default:
      return AUTH_CHANGES.get(field)?.read(data, start, end, requester);
  }
}

/** In whose name an entry is; entries of etcd before authentication was enabled are nobody's. */
function requesterOf(data: Uint8Array, { headerStart, headerEnd }: EntryLayout): Requester {
  const { username, authRevision } = RequestHeader.decode(data, headerStart, headerEnd);
  const isNobody = username === "" && authRevision === 0;
  return isNobody ? NOBODY : new Requester(username, authRevision);
}

function membershipOperationAt(
  data: Uint8Array,
  { field, start, end }: EntryLayout,
): MembershipOperation<unknown> | undefined {
  switch (field) {
    case OperationField.V2:
      return new V2Operation(Request.decode(data, start, end));
    case OperationField.CLUSTER_MEMBER_ATTR_SET:
      return new ClusterMemberAttrSetOperation(
        ClusterMemberAttrSetRequest.decode(data, start, end),
      );
    case OperationField.CLUSTER_VERSION_SET:
      return new ClusterVersionSetOperation(ClusterVersionSetRequest.decode(data, start, end));
    case OperationField.DOWNGRADE_INFO_SET:
      return new DowngradeInfoSetOperation(DowngradeInfoSetRequest.decode(data, start, end));
    default:
      return undefined;
  }
}

function unknownOperation(data: Uint8Array, index: number): UnknownOperation {
  return new UnknownOperation(
    `Cannot apply log entry ${index}: its command (${knownNameOf(data)}) is not supported by ` +
      "this version of detcd",
  );
}

function knownNameOf(data: Uint8Array): string {
  const present = Object.entries(InternalRaftRequest.decode(data)).filter(([name, value]) =>
    name !== "header" && name !== "id" && value !== undefined
  );
  return present.map(([name]) => name).join(", ") || "none that is known";
}
