/**
 * detcd: an etcd-compatible server that a program embeds in one line, and a client for it and for
 * any other etcd.
 *
 * The names are those of Go's package `embed` of etcd in TypeScript's form; docs/COMPATIBILITY.md
 * maps one to the other.
 *
 * @example A server and a client in one process
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 *
 * const { revision } = await client.put("greeting", "hello");
 * const pair = await client.get("greeting");
 * if (pair?.text !== "hello" || pair.modRevision !== revision) throw new Error("not stored");
 * ```
 *
 * @module
 */

// The server.
export { Etcd, startEtcd } from "./src/embed/etcd.ts";
export type { ServedEtcd } from "./src/embed/served_etcd.ts";
export { RunningServer } from "./src/embed/running_server.ts";
export { ListenError } from "./src/embed/serving.ts";
export type { BoundListener } from "./src/embed/listeners.ts";

// Its configuration.
export { Config, newConfig } from "./src/embed/config/config.ts";
export type { ConfigFlag, FlagSet } from "./src/embed/config/config_flags.ts";
export { configFromFile } from "./src/embed/config/config_file.ts";
export { newMemoryConfig } from "./src/embed/memory_config.ts";
export * from "./src/embed/config/constants.ts";
export * from "./src/embed/config/errors.ts";
export type { DefaultHost } from "./src/embed/config/default_cluster.ts";
export type { DiscoveryConfig } from "./src/embed/config/discovery_config.ts";
export type { DnsResolver, ServiceRecord } from "./src/embed/config/dns_discovery.ts";
export { FeatureGates } from "./src/embed/config/feature_gates.ts";
export type { ServiceRegistrar } from "./src/embed/config/service_registrar.ts";
export type { SocketOptions } from "./src/embed/config/socket_options.ts";
export type { TlsInfo } from "./src/embed/config/tls_info.ts";
export type { V2ProxyConfig } from "./src/embed/config/v2_proxy_config.ts";
export { newZapLoggerBuilder } from "./src/embed/config/zap_logger_builder.ts";
export * from "./src/embed/public_types.ts";

// The client.
export { Client } from "./src/embed/client/client.ts";
export type {
  CompactOptions,
  GrantOptions,
  HashKvOptions,
  SavedSnapshot,
  SaveSnapshotOptions,
  SnapshotProgress,
} from "./src/embed/client/client_options.ts";
export { connect } from "./src/embed/client/connect.ts";
export type {
  HashKvResult,
  MemberInfo,
  MemberStatus,
} from "./src/embed/client/members/member_info.ts";
export { ClientError } from "./src/embed/client/client_error.ts";
export {
  type Access,
  type AddUserOptions,
  AuthClient,
  type AuthStatus,
  type RolePermission,
} from "./src/embed/client/auth_client.ts";
export type { Credentials } from "./src/embed/client/transport/credentials.ts";
export {
  type AddedMember,
  type AddMemberOptions,
  ClusterClient,
} from "./src/embed/client/members/cluster.ts";
export {
  Election,
  Leadership,
  type ObserveOptions,
} from "./src/embed/client/concurrency/election.ts";
export { Session, type SessionOptions } from "./src/embed/client/concurrency/session.ts";
export {
  type AlarmInfo,
  type AlarmKind,
  type DisarmOptions,
  MaintenanceClient,
} from "./src/embed/client/members/maintenance.ts";
export { Mirror, type MirrorOptions } from "./src/embed/client/mirror.ts";
export { HeldLock, Mutex } from "./src/embed/client/concurrency/mutex.ts";
export type { ClientTls, ConnectOptions } from "./src/embed/client/transport/network_transport.ts";
export { KeyValue } from "./src/embed/client/kv/key_value.ts";
export { type BytesLike, type KeyRange, prefixEnd } from "./src/embed/client/kv/keys.ts";
export { Lease, type LeaseTimes, type TimeToLiveOptions } from "./src/embed/client/leases/lease.ts";
export type {
  DeleteOptions,
  PutOptions,
  RangeOptions,
  SortBy,
} from "./src/embed/client/kv/requests.ts";
export type {
  DeleteResult,
  PutResult,
  RangeResult,
  Result,
  TxnOpResult,
  TxnResult,
} from "./src/embed/client/kv/results.ts";
export { Snapshot } from "./src/embed/client/snapshot/snapshot.ts";
export type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./src/embed/client/transport/transport.ts";
export {
  compare,
  type Comparison,
  type Condition,
  op,
  type Operation,
  TxnBuilder,
} from "./src/embed/client/kv/txn.ts";
export {
  Watch,
  type WatchBatch,
  WatchCompactedError,
  type WatchEvent,
  type WatchOptions,
} from "./src/embed/client/watch/watch.ts";
