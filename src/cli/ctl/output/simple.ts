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
  ResponseOp,
  TxnResponse,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import { EventType, type KeyValue } from "../../../pb/mvccpb.ts";
import { formatAlarm } from "../../../core/alarms/alarms.ts";
import {
  type ByteText,
  byteText,
  byteTextOf,
  hexId,
  hexText,
  LEASE_ID_DIGITS,
} from "../byte_text.ts";
import { databaseRows, hashKvRows, memberRows, type Rows, statusRows } from "./rows.ts";
import type {
  Answer,
  DatabaseStatus,
  EndpointHashKv,
  EndpointHealth,
  EndpointStatus,
  Printer,
  PrinterOptions,
} from "./printer.ts";

/** The default format: what a person wants to know, and what scripts read by lines. */
export class SimplePrinter implements Printer {
  readonly #options: PrinterOptions;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  answer<T>({ lines }: Answer<T>): void {
    for (const line of lines) this.#line(line);
  }

  get({ kvs }: RangeResponse): void {
    for (const kv of kvs) this.#pair(kv);
  }

  put({ prevKv }: PutResponse): void {
    this.#line("OK");
    if (prevKv !== undefined) this.#pair(prevKv);
  }

  del({ deleted, prevKvs }: DeleteRangeResponse): void {
    this.#line(String(deleted));
    for (const kv of prevKvs) this.#pair(kv);
  }

  txn({ succeeded, responses }: TxnResponse): void {
    this.#line(succeeded ? "SUCCESS" : "FAILURE");
    for (const response of responses) {
      this.#line("");
      this.#operation(response);
    }
  }

  watch({ events }: WatchResponse): void {
    for (const { type, kv, prevKv } of events) {
      this.#line(type === EventType.DELETE ? "DELETE" : "PUT");
      if (prevKv !== undefined) this.#pair(prevKv);
      if (kv !== undefined) this.#pair(kv);
    }
  }

  leaseGrant({ id, ttl }: LeaseGrantResponse): void {
    this.#line(`lease ${leaseId(id)} granted with TTL(${ttl}s)`);
  }

  leaseRevoke(id: bigint, _response: LeaseRevokeResponse): void {
    this.#line(`lease ${leaseId(id)} revoked`);
  }

  leaseTimeToLive(response: LeaseTimeToLiveResponse, withKeys: boolean): void {
    const { id, ttl, grantedTtl, keys } = response;
    if (grantedTtl === 0 && ttl === -1) return this.#line(`lease ${leaseId(id)} already expired`);
    const attached = withKeys ? `, attached keys([${keys.join(" ")}])` : "";
    const times = `granted with TTL(${grantedTtl}s), remaining(${ttl}s)`;
    this.#line(`lease ${leaseId(id)} ${times}${attached}`);
  }

  leaseList({ leases }: LeaseLeasesResponse): void {
    this.#line(`found ${leases.length} leases`);
    for (const { id } of leases) this.#line(leaseId(id));
  }

  leaseKeepAlive({ id, ttl }: LeaseKeepAliveResponse): void {
    this.#line(`lease ${leaseId(id)} keepalived with TTL(${ttl})`);
  }

  leaseLost(id: bigint): void {
    this.#line(`lease ${leaseId(id)} expired or revoked.`);
  }

  memberList({ members }: MemberListResponse): void {
    this.#rows(memberRows(members));
  }

  /** What is not healthy goes to standard error, as in etcdctl. */
  endpointHealth(list: readonly EndpointHealth[]): void {
    const { write, writeError } = this.#options;
    for (const { endpoint, error, took } of list) {
      if (error === "") {
        const proof = `successfully committed proposal: took = ${took}`;
        write(byteText(`${endpoint} is healthy: ${proof}\n`));
      } else {
        const why = `failed to commit proposal: ${error}`;
        writeError(byteText(`${endpoint} is unhealthy: ${why}\n`));
      }
    }
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    this.#rows(statusRows(list));
  }

  endpointHashKv(list: readonly EndpointHashKv[]): void {
    this.#rows(hashKvRows(list));
  }

  alarm({ alarms }: AlarmResponse): void {
    for (const alarm of alarms) this.#line(formatAlarm(alarm).trimEnd());
  }

  databaseStatus(status: DatabaseStatus): void {
    this.#rows(databaseRows(status));
  }

  #operation(response: ResponseOp): void {
    if (response.responseRange !== undefined) this.get(response.responseRange);
    else if (response.responsePut !== undefined) this.put(response.responsePut);
    else if (response.responseDeleteRange !== undefined) this.del(response.responseDeleteRange);
    else if (response.responseTxn !== undefined) this.txn(response.responseTxn);
  }

  #pair(kv: KeyValue): void {
    const value = byteTextOf(kv.value);
    const { isHex, valueOnly } = this.#options;
    if (!valueOnly) this.#line(isHex ? hexText(kv.key) : kv.key);
    this.#line(isHex ? hexText(value) : value);
  }

  #rows({ rows }: Rows): void {
    for (const row of rows) this.#line(row.join(", "));
  }

  #line(line: ByteText): void {
    this.#options.write(`${line}\n`);
  }
}

function leaseId(id: bigint): string {
  return hexId(id, LEASE_ID_DIGITS);
}
