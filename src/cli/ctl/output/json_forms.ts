import { bufferOf, bytesFromLatin1 } from "../../../base/bytes.ts";
import type { JsonObject, JsonValue } from "../../../base/json.ts";
import type {
  DeleteRangeResponse,
  Member,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  StatusResponse,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import type { Event, KeyValue } from "../../../pb/mvccpb.ts";
import { hexId } from "../byte_text.ts";

/** The fields that Go's encoder does not leave away: zero, false, empty and missing ones it does. */
export function present(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const object: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) {
    const isEmptyList = Array.isArray(value) && value.length === 0;
    if (!value || isEmptyList) continue;
    object[name] = value;
  }
  return object;
}

/** Bytes as Go's encoder writes them. */
export function base64(bytes: Uint8Array): string {
  return bufferOf(bytes).toString("base64");
}

/** What every answer begins with. */
export function headerJson(header: ResponseHeader | undefined): JsonObject | undefined {
  if (header === undefined) return undefined;
  return present({
    cluster_id: header.clusterId,
    member_id: header.memberId,
    revision: header.revision,
    raft_term: header.raftTerm,
  });
}

/** One pair. */
function keyValueJson(kv: KeyValue): JsonObject {
  return present({
    key: base64(bytesFromLatin1(kv.key)),
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    value: base64(kv.value),
    lease: kv.lease,
  });
}

function optionalPair(kv: KeyValue | undefined): JsonObject | undefined {
  return kv === undefined ? undefined : keyValueJson(kv);
}

/** One change of a watch. */
export function eventJson({ type, kv, prevKv }: Event): JsonObject {
  return present({ type, kv: optionalPair(kv), prev_kv: optionalPair(prevKv) });
}

/** What a range found. */
export function rangeJson({ header, kvs, more, count }: RangeResponse): JsonObject {
  return present({ header: headerJson(header), kvs: kvs.map(keyValueJson), more, count });
}

/** What a put did. */
export function putJson({ header, prevKv }: PutResponse): JsonObject {
  return present({ header: headerJson(header), prev_kv: optionalPair(prevKv) });
}

/** What a delete did. */
export function deleteJson({ header, deleted, prevKvs }: DeleteRangeResponse): JsonObject {
  return present({ header: headerJson(header), deleted, prev_kvs: prevKvs.map(keyValueJson) });
}

/** What a transaction did. */
export function txnJson({ header, succeeded, responses }: TxnResponse): JsonObject {
  return present({
    header: headerJson(header),
    succeeded,
    responses: responses.map((response) => ({ Response: operationJson(response) })),
  });
}

function operationJson(response: ResponseOp): JsonValue {
  if (response.responseRange !== undefined) {
    return { response_range: rangeJson(response.responseRange) };
  }
  if (response.responsePut !== undefined) return { response_put: putJson(response.responsePut) };
  if (response.responseDeleteRange !== undefined) {
    return { response_delete_range: deleteJson(response.responseDeleteRange) };
  }
  if (response.responseTxn !== undefined) return { response_txn: txnJson(response.responseTxn) };
  return null;
}

/** One member. */
function memberJson({ id, name, peerUrls, clientUrls, isLearner }: Member): JsonObject {
  return present({ ID: id, name, peerURLs: peerUrls, clientURLs: clientUrls, isLearner });
}

/** An answer that names members. */
interface MembersAnswer {
  readonly header: ResponseHeader | undefined;
  readonly member?: Member | undefined;
  readonly members: readonly Member[];
}

/** The members of an answer. */
export function membersJson({ header, member, members }: MembersAnswer): JsonObject {
  return present({
    header: headerJson(header),
    member: member && memberJson(member),
    members: members.map(memberJson),
  });
}

/** The same with `--hex`: IDs are hexadecimal texts, and some empty fields are there. */
export function membersHexJson({ header, member, members }: MembersAnswer): JsonObject {
  return {
    header: {
      cluster_id: hexId(header?.clusterId ?? 0n),
      member_id: hexId(header?.memberId ?? 0n),
      ...present({ revision: header?.revision, raft_term: header?.raftTerm }),
    },
    ...present({ member: member && memberHexJson(member) }),
    members: members.map(memberHexJson),
  };
}

function memberHexJson({ id, ...rest }: Member): JsonObject {
  return { ID: hexId(id), ...memberJson({ id: 0n, ...rest }) };
}

/** What a server says of itself. */
export function statusJson(status: StatusResponse): JsonObject {
  return present({
    header: headerJson(status.header),
    version: status.version,
    dbSize: status.dbSize,
    leader: status.leader,
    raftIndex: status.raftIndex,
    raftTerm: status.raftTerm,
    raftAppliedIndex: status.raftAppliedIndex,
    errors: status.errors,
    dbSizeInUse: status.dbSizeInUse,
    isLearner: status.isLearner,
    storageVersion: status.storageVersion,
    dbSizeQuota: status.dbSizeQuota,
    downgradeInfo: status.downgradeInfo && present({ ...status.downgradeInfo }),
  });
}
