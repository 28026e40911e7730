import type {
  AlarmResponse,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  TxnResponse,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import { alarmTypeName } from "../../../core/alarms/alarms.ts";
import { EventType, type KeyValue } from "../../../pb/mvccpb.ts";
import {
  type ByteText,
  byteText,
  byteTextOf,
  hexId,
  LEASE_ID_DIGITS,
  quoteBytes,
} from "../byte_text.ts";
import { badFeature } from "../exit_code.ts";
import type {
  Answer,
  DatabaseStatus,
  EndpointHashKv,
  EndpointHealth,
  EndpointStatus,
  Printer,
  PrinterOptions,
} from "./printer.ts";

/** One field a line: `"Name" : value`. */
export class FieldsPrinter implements Printer {
  readonly #write: (bytes: ByteText) => void;
  readonly #isHex: boolean;

  constructor({ write, isHex }: PrinterOptions) {
    this.#write = write;
    this.#isHex = isHex;
  }

  answer<T>({ header, fields }: Answer<T>): void {
    if (fields === undefined) {
      throw badFeature("fields not supported as output format");
    }
    this.#header(header);
    for (const line of fields) this.#write(`${line}\n`);
  }

  get({ header, kvs, more, count }: RangeResponse): void {
    this.#header(header);
    for (const kv of kvs) this.#pair("", kv);
    this.#field("More", more);
    this.#field("Count", count);
  }

  put({ header, prevKv }: PutResponse): void {
    this.#header(header);
    if (prevKv !== undefined) this.#pair("Prev", prevKv);
  }

  del({ header, deleted, prevKvs }: DeleteRangeResponse): void {
    this.#header(header);
    this.#field("Deleted", deleted);
    for (const kv of prevKvs) this.#pair("Prev", kv);
  }

  txn({ header, succeeded, responses }: TxnResponse): void {
    this.#header(header);
    this.#field("Succeeded", succeeded);
    for (const response of responses) {
      if (response.responseRange !== undefined) this.get(response.responseRange);
      else if (response.responsePut !== undefined) this.put(response.responsePut);
      else if (response.responseDeleteRange !== undefined) this.del(response.responseDeleteRange);
      else if (response.responseTxn !== undefined) this.txn(response.responseTxn);
    }
  }

  watch({ header, events }: WatchResponse): void {
    this.#header(header);
    for (const { type, kv, prevKv } of events) {
      this.#field("Type", type === EventType.DELETE ? "DELETE" : "PUT");
      if (prevKv !== undefined) this.#pair("Prev", prevKv);
      if (kv !== undefined) this.#pair("", kv);
    }
  }

  leaseGrant({ header, id, ttl }: LeaseGrantResponse): void {
    this.#header(header);
    this.#leaseId("ID", id);
    this.#field("TTL", ttl);
  }

  leaseRevoke(_id: bigint, { header }: LeaseRevokeResponse): void {
    this.#header(header);
  }

  leaseTimeToLive({ header, id, ttl, grantedTtl, keys }: LeaseTimeToLiveResponse): void {
    this.#header(header);
    this.#leaseId("ID", id);
    this.#field("TTL", ttl);
    this.#field("GrantedTTL", grantedTtl);
    for (const key of keys) this.#field("Key", quoteBytes(key));
  }

  leaseList({ header, leases }: LeaseLeasesResponse): void {
    this.#header(header);
    for (const { id } of leases) this.#leaseId("ID", id);
  }

  leaseKeepAlive({ header, id, ttl }: LeaseKeepAliveResponse): void {
    this.#header(header);
    this.#leaseId("ID", id);
    this.#field("TTL", ttl);
  }

  /** Only people are told. */
  leaseLost(): void {}

  memberList({ header, members }: MemberListResponse): void {
    this.#header(header);
    for (const { id, name, peerUrls, clientUrls, isLearner } of members) {
      this.#id("ID", id);
      this.#field("Name", quoted(name));
      for (const url of peerUrls) this.#field("PeerURL", quoted(url));
      for (const url of clientUrls) this.#field("ClientURL", quoted(url));
      this.#field("IsLearner", isLearner);
      this.#write("\n");
    }
  }

  endpointHealth(list: readonly EndpointHealth[]): void {
    for (const { endpoint, isHealthy, took, error } of list) {
      this.#field("Endpoint", quoted(endpoint));
      this.#field("Health", isHealthy);
      this.#field("Took", byteText(took));
      this.#field("Error", byteText(error));
      this.#write("\n");
    }
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    for (const { endpoint, status } of list) {
      this.#header(status.header);
      this.#field("Version", quoted(status.version));
      this.#field("StorageVersion", quoted(status.storageVersion));
      this.#field("DBSize", status.dbSize);
      this.#field("DBSizeInUse", status.dbSizeInUse);
      this.#field("DBSizeQuota", status.dbSizeQuota);
      this.#field("Leader", status.leader);
      this.#field("IsLearner", status.isLearner);
      this.#field("RaftIndex", status.raftIndex);
      this.#field("RaftTerm", status.raftTerm);
      this.#field("RaftAppliedIndex", status.raftAppliedIndex);
      this.#field("Errors", byteText(`[${status.errors.join(" ")}]`));
      this.#field("Endpoint", quoted(endpoint));
      const { enabled = false, targetVersion = "" } = status.downgradeInfo ?? {};
      this.#field("DowngradeTargetVersion", quoted(targetVersion));
      this.#field("DowngradeEnabled", enabled);
      this.#write("\n");
    }
  }

  endpointHashKv(list: readonly EndpointHashKv[]): void {
    for (const { endpoint, hashKv } of list) {
      this.#header(hashKv.header);
      this.#field("Endpoint", quoted(endpoint));
      this.#field("Hash", hashKv.hash);
      this.#field("HashRevision", hashKv.hashRevision);
      this.#write("\n");
    }
  }

  alarm({ header, alarms }: AlarmResponse): void {
    this.#header(header);
    for (const { memberId, alarm } of alarms) {
      this.#id("MemberID", memberId);
      this.#field("AlarmType", alarmTypeName(alarm));
      this.#write("\n");
    }
  }

  databaseStatus({ hash, revision, totalPairs, totalSizeBytes }: DatabaseStatus): void {
    this.#field("Hash", hash);
    this.#field("Revision", revision);
    this.#field("Keys", totalPairs);
    this.#field("Size", totalSizeBytes);
  }

  #header(header: ResponseHeader | undefined): void {
    this.#id("ClusterID", header?.clusterId ?? 0n);
    this.#id("MemberID", header?.memberId ?? 0n);
    // Answers that are not about keys have none.
    const revision = header?.revision ?? 0;
    if (revision > 0) this.#field("Revision", revision);
    this.#field("RaftTerm", header?.raftTerm ?? 0);
  }

  #pair(prefix: string, kv: KeyValue): void {
    this.#field(`${prefix}Key`, quoteBytes(kv.key));
    this.#field(`${prefix}CreateRevision`, kv.createRevision);
    this.#field(`${prefix}ModRevision`, kv.modRevision);
    this.#field(`${prefix}Version`, kv.version);
    this.#field(`${prefix}Value`, quoteBytes(byteTextOf(kv.value)));
    this.#leaseId(`${prefix}Lease`, kv.lease);
  }

  #id(name: string, id: bigint): void {
    this.#field(name, this.#isHex ? hexId(id) : id);
  }

  #leaseId(name: string, id: bigint): void {
    this.#field(name, this.#isHex ? hexId(id, LEASE_ID_DIGITS) : id);
  }

  #field(name: string, value: ByteText | number | bigint | boolean): void {
    this.#write(`"${name}" : ${value}\n`);
  }
}

function quoted(text: string): ByteText {
  return quoteBytes(byteText(text));
}
