import { bytesFromLatin1 } from "../../../base/bytes.ts";
import { formatJson, type JsonValue } from "../../../base/json.ts";
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
  TxnResponse,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import { type ByteText, byteText } from "../byte_text.ts";
import {
  base64,
  deleteJson,
  eventJson,
  headerJson,
  membersHexJson,
  membersJson,
  present,
  putJson,
  rangeJson,
  statusJson,
  txnJson,
} from "./json_forms.ts";
import type {
  Answer,
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
  readonly #isHex: boolean;

  constructor({ write, isHex }: PrinterOptions) {
    this.#write = write;
    this.#isHex = isHex;
  }

  answer<T>({ json, hexJson = json }: Answer<T>): void {
    this.#print(this.#isHex ? hexJson : json);
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
      // Only the end of a watch has no list at all.
      Events: response.canceled ? null : response.events.map(eventJson),
      CompactRevision: response.compactRevision,
      Canceled: response.canceled,
      Created: response.created,
      CancelReason: response.cancelReason,
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

  memberList(response: MemberListResponse): void {
    this.#print(this.#isHex ? membersHexJson(response) : membersJson(response));
  }

  endpointHealth(list: readonly EndpointHealth[]): void {
    this.#printList(list.map(({ endpoint, isHealthy, took, error }) => ({
      endpoint,
      health: isHealthy,
      took,
      ...present({ error }),
    })));
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    this.#printList(list.map(({ endpoint, status }) => ({
      Endpoint: endpoint,
      Status: statusJson(status),
    })));
  }

  endpointHashKv(list: readonly EndpointHashKv[]): void {
    this.#printList(list.map(({ endpoint, hashKv }) => ({
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

  /** Go has no list where nothing was put into one. */
  #printList(list: JsonValue[]): void {
    this.#print(list.length === 0 ? null : list);
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
