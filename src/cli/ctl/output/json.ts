import { Buffer } from "node:buffer";
import { formatJson, type JsonObject, type JsonValue } from "../../../base/json.ts";
import { bytesFromLatin1 } from "../../../base/bytes.ts";
import type {
  AlarmResponse,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
  Member,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  StatusResponse,
  TxnResponse,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import type { Event, KeyValue } from "../../../pb/mvccpb.ts";
import { type ByteText, byteText } from "../byte_text.ts";
import type {
  DatabaseStatus,
  EndpointHashKv,
  EndpointHealth,
  EndpointStatus,
  Printer,
  PrinterOptions,
} from "./printer.ts";

/** One JSON text a line, with the names and the gaps that Go's encoder gives etcd's messages. */
export class JsonPrinter implements Printer {
  readonly #write: (bytes: ByteText) => void;

  constructor({ write }: PrinterOptions) {
    this.#write = write;
  }

  get(response: RangeResponse): void {
    this.#print(rangeJson(response));
  }

  put(response: PutResponse): void {
    this.#print(putJson(response));
  }

  del(response: DeleteRangeResponse): void {
    this.#print(deleteJson(response));
  }

  txn(response: TxnResponse): void {
    this.#print(txnJson(response));
  }

  watch(response: WatchResponse): void {
    this.#print({
      Header: headerJson(response.header) ?? {},
      Events: response.events.map(eventJson),
      CompactRevision: response.compactRevision,
      Canceled: response.canceled,
      Created: response.created,
    });
  }

  leaseGrant({ header, id, ttl, error }: LeaseGrantResponse): void {
    this.#print({ ...headerJson(header), ID: id, TTL: ttl, Error: error });
  }

  leaseRevoke(_id: bigint, { header }: LeaseRevokeResponse): void {
    this.#print(present({ header: headerJson(header) }));
  }

  leaseTimeToLive({ header, id, ttl, grantedTtl, keys }: LeaseTimeToLiveResponse): void {
    this.#print({
      ...headerJson(header),
      id,
      ttl,
      "granted-ttl": grantedTtl,
      keys: keys.length === 0 ? null : keys.map((key) => base64(bytesFromLatin1(key))),
    });
  }

  leaseList({ header, leases }: LeaseLeasesResponse): void {
    this.#print({ ...headerJson(header), leases: leases.map(({ id }) => ({ id })) });
  }

  leaseKeepAlive({ header, id, ttl }: LeaseKeepAliveResponse): void {
    this.#print({ ...headerJson(header), ID: id, TTL: ttl });
  }

  /** Only people are told. */
  leaseLost(): void {}

  memberList({ header, members }: MemberListResponse): void {
    this.#print(present({ header: headerJson(header), members: members.map(memberJson) }));
  }

  endpointHealth(list: readonly EndpointHealth[]): void {
    this.#print(list.map(({ endpoint, isHealthy, took, error }) => ({
      endpoint,
      health: isHealthy,
      took,
      ...present({ error }),
    })));
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    this.#print(list.map(({ endpoint, status }) => ({
      Endpoint: endpoint,
      Status: statusJson(status),
    })));
  }

  endpointHashKv(list: readonly EndpointHashKv[]): void {
    this.#print(list.map(({ endpoint, hashKv }) => ({
      Endpoint: endpoint,
      HashKV: present({
        header: headerJson(hashKv.header),
        hash: hashKv.hash,
        compact_revision: hashKv.compactRevision,
        hash_revision: hashKv.hashRevision,
      }),
    })));
  }

  alarm({ header, alarms }: AlarmResponse): void {
    const list = alarms.map(({ memberId, alarm }) => present({ memberID: memberId, alarm }));
    this.#print(present({ header: headerJson(header), alarms: list }));
  }

  databaseStatus({ hash, revision, totalPairs, totalSizeBytes }: DatabaseStatus): void {
    this.#print({ hash, revision, totalKey: totalPairs, totalSize: totalSizeBytes });
  }

  #print(value: JsonValue): void {
    this.#write(byteText(`${escapeForHtml(formatJson(value))}\n`));
  }
}

/** Go's encoder writes these so that its output can stand in a web page. */
function escapeForHtml(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The fields that Go's encoder does not leave away: zero, false, empty and missing ones it does. */
function present(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const object: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) {
    const isEmptyList = Array.isArray(value) && value.length === 0;
    if (!value || isEmptyList) continue;
    object[name] = value;
  }
  return object;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

function headerJson(header: ResponseHeader | undefined): JsonObject | undefined {
  if (header === undefined) return undefined;
  return present({
    cluster_id: header.clusterId,
    member_id: header.memberId,
    revision: header.revision,
    raft_term: header.raftTerm,
  });
}

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

function eventJson({ type, kv, prevKv }: Event): JsonObject {
  return present({ type, kv: optionalPair(kv), prev_kv: optionalPair(prevKv) });
}

function rangeJson({ header, kvs, more, count }: RangeResponse): JsonObject {
  return present({ header: headerJson(header), kvs: kvs.map(keyValueJson), more, count });
}

function putJson({ header, prevKv }: PutResponse): JsonObject {
  return present({ header: headerJson(header), prev_kv: optionalPair(prevKv) });
}

function deleteJson({ header, deleted, prevKvs }: DeleteRangeResponse): JsonObject {
  return present({ header: headerJson(header), deleted, prev_kvs: prevKvs.map(keyValueJson) });
}

function txnJson({ header, succeeded, responses }: TxnResponse): JsonObject {
  return present({
    header: headerJson(header),
    succeeded,
    responses: responses.map((response) => ({ Response: operationJson(response) })),
  });
}

function operationJson(response: ResponseOp): JsonValue {
  if (response.responseRange !== undefined) {
    return { ResponseRange: rangeJson(response.responseRange) };
  }
  if (response.responsePut !== undefined) return { ResponsePut: putJson(response.responsePut) };
  if (response.responseDeleteRange !== undefined) {
    return { ResponseDeleteRange: deleteJson(response.responseDeleteRange) };
  }
  if (response.responseTxn !== undefined) return { ResponseTxn: txnJson(response.responseTxn) };
  return null;
}

function memberJson({ id, name, peerUrls, clientUrls, isLearner }: Member): JsonObject {
  return present({ ID: id, name, peerURLs: peerUrls, clientURLs: clientUrls, isLearner });
}

function statusJson(status: StatusResponse): JsonObject {
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
