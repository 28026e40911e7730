import type {
  AlarmResponse,
  DeleteRangeResponse,
  HashKVResponse,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  StatusResponse,
  TxnResponse,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import type { JsonObject } from "../../../base/json.ts";
import type { MessageCodec } from "../../../pb/codec.ts";
import type { ByteText } from "../byte_text.ts";

/** How printers print. */
export interface PrinterOptions {
  readonly write: (bytes: ByteText) => void;
  readonly writeError: (bytes: ByteText) => void;
  /** Keys and values as `\x61\x62`, where the format shows them as they are. */
  readonly isHex: boolean;
  /** Values without their keys. */
  readonly valueOnly: boolean;
}

/** Whether one server serves. */
export interface EndpointHealth {
  readonly endpoint: string;
  readonly isHealthy: boolean;
  /** How long the answer took, as Go writes durations. */
  readonly took: string;
  /** What went wrong; empty when nothing did. */
  readonly error: string;
}

/** What one server says of itself. */
export interface EndpointStatus {
  readonly endpoint: string;
  readonly status: StatusResponse;
}

/** The hash of one server's history. */
export interface EndpointHashKv {
  readonly endpoint: string;
  readonly hashKv: HashKVResponse;
}

/** What a backup holds. */
export interface DatabaseStatus {
  readonly hash: number;
  readonly revision: number;
  /** Pairs of all buckets, which etcdctl calls keys. */
  readonly totalPairs: number;
  readonly totalSizeBytes: number;
}

/** An answer that is shown in few ways, with all of them. */
export interface Answer<T> {
  readonly codec: MessageCodec<T>;
  readonly message: T;
  readonly header: ResponseHeader | undefined;
  /** What a person reads. */
  readonly lines: readonly ByteText[];
  /** What `-w fields` has below the header; undefined when it cannot show this at all. */
  readonly fields?: readonly ByteText[];
  readonly json: JsonObject;
  /** The same with `--hex`. @default {json} */
  readonly hexJson?: JsonObject;
}

/** Prints the answers of a server in one format. */
export interface Printer {
  answer<T>(answer: Answer<T>): void;
  get(response: RangeResponse): void;
  put(response: PutResponse): void;
  del(response: DeleteRangeResponse): void;
  txn(response: TxnResponse): void;
  watch(response: WatchResponse): void;
  leaseGrant(response: LeaseGrantResponse): void;
  leaseRevoke(id: bigint, response: LeaseRevokeResponse): void;
  leaseTimeToLive(response: LeaseTimeToLiveResponse, withKeys: boolean): void;
  leaseList(response: LeaseLeasesResponse): void;
  leaseKeepAlive(response: LeaseKeepAliveResponse): void;
  /** A lease that was kept alive is gone. */
  leaseLost(id: bigint): void;
  memberList(response: MemberListResponse): void;
  endpointHealth(list: readonly EndpointHealth[]): void;
  endpointStatus(list: readonly EndpointStatus[]): void;
  endpointHashKv(list: readonly EndpointHashKv[]): void;
  alarm(response: AlarmResponse): void;
  databaseStatus(status: DatabaseStatus): void;
}
