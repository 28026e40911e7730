import type { EndpointUrl } from "../../../base/endpoint_url.ts";
import { parseUrlList } from "../../../base/url_list.ts";
import {
  DEFAULT_GRPC_KEEP_ALIVE_INTERVAL_MS,
  DEFAULT_GRPC_KEEP_ALIVE_MIN_TIME_MS,
  DEFAULT_GRPC_KEEP_ALIVE_TIMEOUT_MS,
  DEFAULT_LISTEN_CLIENT_URLS,
  DEFAULT_LISTEN_PEER_URLS,
  DEFAULT_MAX_CONCURRENT_STREAMS,
  DEFAULT_MAX_REQUEST_BYTES,
  DEFAULT_MAX_TXN_OPS,
  DEFAULT_MAX_WALS,
  DEFAULT_NAME,
  DEFAULT_SNAPSHOT_COUNT,
  MIN_RAFT_CONNECTION_TIMEOUT_MS,
} from "../constants.ts";
import { FeatureGates } from "../feature_gates.ts";
import { URL_LIST } from "./list_kinds.ts";
import {
  BOOL,
  DURATION,
  FEATURE_GATES,
  INT,
  NON_NEGATIVE_DURATION,
  TEXT,
  UINT,
  UINT32,
  wordKind,
} from "./scalar_kinds.ts";
import { inside, own, rowsOf } from "./setting.ts";

const row = rowsOf("Member");

/** Says why one of the URLs for other members cannot be listened on yet. */
function peerListenRefusal(urls: readonly EndpointUrl[]): string | undefined {
  const other = urls.find((url) => url.scheme !== "http");
  if (other === undefined) return undefined;
  return `detcd talks to no other members yet, and so to none over TLS or unix sockets: ${other}`;
}

/** What etcd calls the two ways; a program may leave the choice open. */
const FREELIST_TYPE = wordKind("", "array", "map");

/** The settings of one member, whatever its cluster. */
export const MEMBER_SETTINGS = {
  name: row(TEXT, own("name"), {
    flag: "name",
    default: DEFAULT_NAME,
    status: "works",
    help: "Name of this member, for people to read. Each member of a cluster needs its own.",
  }),
  dir: row(TEXT, own("dir"), {
    flag: "data-dir",
    default: "",
    defaultText: "${name}.etcd",
    status: "works",
    help: "Directory that holds everything the member stores.",
  }),
  walDir: row(TEXT, own("walDir"), {
    flag: "wal-dir",
    default: "",
    status: "works",
    help: "Directory of its own for the write-ahead log, such as one on another disk.",
  }),
  snapshotCount: row(UINT, own("snapshotCount"), {
    flag: "snapshot-count",
    default: DEFAULT_SNAPSHOT_COUNT,
    status: "works",
    help: "Committed entries after which a snapshot is taken (0 is 10000).",
  }),
  tickMs: row(UINT, own("tickMs"), {
    flag: "heartbeat-interval",
    default: 100,
    status: "works",
    help: "Milliseconds between two heartbeats of the leader.",
  }),
  electionMs: row(UINT, own("electionMs"), {
    flag: "election-timeout",
    default: 1000,
    status: "works",
    help: "Milliseconds without a heartbeat after which a follower stands for election.",
  }),
  initialElectionTickAdvance: row(BOOL, own("initialElectionTickAdvance"), {
    flag: "initial-election-tick-advance",
    default: true,
    status: "works",
    help: "Start with most of the election timeout behind, so that the first election comes soon.",
  }),
  listenPeerUrls: row(URL_LIST, own("listenPeerUrls"), {
    flag: "listen-peer-urls",
    default: parseUrlList(DEFAULT_LISTEN_PEER_URLS),
    status: "works",
    refusal: peerListenRefusal,
    help: "URLs to listen on for the other members, separated by commas.",
  }),
  listenClientUrls: row(URL_LIST, own("listenClientUrls"), {
    flag: "listen-client-urls",
    default: parseUrlList(DEFAULT_LISTEN_CLIENT_URLS),
    status: "works",
    help: "URLs to listen on for clients: gRPC, and HTTP too unless " +
      "--listen-client-http-urls is given.",
  }),
  listenClientHttpUrls: row(URL_LIST, own("listenClientHttpUrls"), {
    flag: "listen-client-http-urls",
    default: [],
    status: "works",
    help: "URLs to listen on for HTTP clients only; --listen-client-urls then serves gRPC only.",
  }),
  maxWalFiles: row(UINT, own("maxWalFiles"), {
    flag: "max-wals",
    default: DEFAULT_MAX_WALS,
    status: "works",
    help: "WAL files to keep; older ones are deleted once no snapshot needs them (0 keeps all).",
  }),
  memoryMlock: row(BOOL, own("memoryMlock"), {
    flag: "memory-mlock",
    default: false,
    status: "works",
    help: "Keep the member's memory from being swapped out.",
  }),
  quotaBackendBytes: row(INT, own("quotaBackendBytes"), {
    flag: "quota-backend-bytes",
    default: 0,
    status: "works",
    help: "Bytes of stored data beyond which writes are refused and an alarm is raised " +
      "(0 is 2 GiB, negative is no bound).",
  }),
  backendFreelistType: row(FREELIST_TYPE, own("backendFreelistType"), {
    flag: "backend-bbolt-freelist-type",
    default: "",
    defaultText: "map",
    status: "moot",
    help:
      "How free pages of the backend file are kept in memory: array or map. Both do the same here.",
  }),
  backendBatchIntervalMs: row(NON_NEGATIVE_DURATION, own("backendBatchIntervalMs"), {
    flag: "backend-batch-interval",
    default: 0,
    status: "works",
    help: "Longest time between two commits of the backend file (0s is 100ms).",
  }),
  backendBatchLimit: row(INT, own("backendBatchLimit"), {
    flag: "backend-batch-limit",
    default: 0,
    status: "works",
    help: "Changes after which the backend file is committed before that time (0 is 10000).",
  }),
  maxTxnOps: row(UINT, own("maxTxnOps"), {
    flag: "max-txn-ops",
    default: DEFAULT_MAX_TXN_OPS,
    status: "works",
    help: "Most operations in one transaction.",
  }),
  maxRequestBytes: row(UINT, own("maxRequestBytes"), {
    flag: "max-request-bytes",
    default: DEFAULT_MAX_REQUEST_BYTES,
    status: "works",
    help: "Bytes of the largest request that a client may send.",
  }),
  maxConcurrentStreams: row(UINT32, own("maxConcurrentStreams"), {
    flag: "max-concurrent-streams",
    default: DEFAULT_MAX_CONCURRENT_STREAMS,
    status: "works",
    help: "Most streams that one client connection may have open.",
  }),
  grpcKeepAliveMinTimeMs: row(DURATION, own("grpcKeepAliveMinTimeMs"), {
    flag: "grpc-keepalive-min-time",
    default: DEFAULT_GRPC_KEEP_ALIVE_MIN_TIME_MS,
    status: "works",
    help: "Shortest time that a client must leave between two pings.",
  }),
  grpcKeepAliveIntervalMs: row(DURATION, own("grpcKeepAliveIntervalMs"), {
    flag: "grpc-keepalive-interval",
    default: DEFAULT_GRPC_KEEP_ALIVE_INTERVAL_MS,
    status: "works",
    help: "Time of silence after which the server pings a client (0s turns it off).",
  }),
  grpcKeepAliveTimeoutMs: row(DURATION, own("grpcKeepAliveTimeoutMs"), {
    flag: "grpc-keepalive-timeout",
    default: DEFAULT_GRPC_KEEP_ALIVE_TIMEOUT_MS,
    status: "works",
    help: "Time that a pinged client has to answer before it is disconnected.",
  }),
  reusePort: row(BOOL, inside("socketOpts", "reusePort"), {
    flag: "socket-reuse-port",
    fileKey: "socket-options.reuse-port",
    default: false,
    status: "works",
    help: "Listen with SO_REUSEPORT, so that a port already in use can be shared.",
  }),
  reuseAddress: row(BOOL, inside("socketOpts", "reuseAddress"), {
    flag: "socket-reuse-address",
    fileKey: "socket-options.reuse-address",
    default: false,
    status: "moot",
    help: "Listen with SO_REUSEADDR, so that an address in TIME_WAIT can be taken. " +
      "This is always so.",
  }),
  enableGrpcGateway: row(BOOL, own("enableGrpcGateway"), {
    flag: "enable-grpc-gateway",
    default: true,
    status: "works",
    help: "Serve the API as JSON over HTTP too.",
  }),
  raftReadTimeoutMs: row(DURATION, own("raftReadTimeoutMs"), {
    flag: "raft-read-timeout",
    default: MIN_RAFT_CONNECTION_TIMEOUT_MS,
    status: "moot",
    help: "Time without data after which a connection between members is closed (at least 5s).",
  }),
  raftWriteTimeoutMs: row(DURATION, own("raftWriteTimeoutMs"), {
    flag: "raft-write-timeout",
    default: MIN_RAFT_CONNECTION_TIMEOUT_MS,
    status: "moot",
    help: "Time that a write to another member may take (at least 5s).",
  }),
  serverFeatureGate: row(FEATURE_GATES, own("serverFeatureGate"), {
    flag: "feature-gates",
    default: FeatureGates.defaults(),
    status: "works",
    help: "Optional features to switch, as in InitialCorruptCheck=true,CompactHashCheck=true.",
  }),
};
