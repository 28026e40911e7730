/** `clusterState` of a member that founds its cluster. */
export const CLUSTER_STATE_FLAG_NEW = "new";
/** `clusterState` of a member that joins a running cluster. */
export const CLUSTER_STATE_FLAG_EXISTING = "existing";

/** The member name when none is given. */
export const DEFAULT_NAME = "default";
/** Snapshot files kept by the etcd of 2018. */
export const DEFAULT_MAX_SNAPSHOTS = 5;
/** WAL files kept. */
export const DEFAULT_MAX_WALS = 5;
/** Operations permitted in one transaction. */
export const DEFAULT_MAX_TXN_OPS = 128;
/** Bytes of the largest request a client may send: 1.5 MiB. */
export const DEFAULT_MAX_REQUEST_BYTES: number = 1.5 * 1024 * 1024;
/** Streams that one client connection may have open: as many as HTTP/2 can count. */
export const DEFAULT_MAX_CONCURRENT_STREAMS: number = 2 ** 32 - 1;
/** Committed entries between two snapshots. */
export const DEFAULT_SNAPSHOT_COUNT = 10_000;
/** Bytes of stored pairs held in memory: 512 MiB. */
export const DEFAULT_VALUE_CACHE_BYTES: number = 512 * 1024 * 1024;
/** Log entries kept behind a snapshot for slow followers. */
export const DEFAULT_SNAPSHOT_CATCH_UP_ENTRIES = 5_000;

/** A client that pings more often than this, in milliseconds, is disconnected. */
export const DEFAULT_GRPC_KEEP_ALIVE_MIN_TIME_MS = 5_000;
/** Milliseconds between the server's pings to a quiet client: two hours. */
export const DEFAULT_GRPC_KEEP_ALIVE_INTERVAL_MS: number = 2 * 3_600_000;
/** Milliseconds that a client may take to answer such a ping. */
export const DEFAULT_GRPC_KEEP_ALIVE_TIMEOUT_MS = 20_000;

/** Where peers are listened for. */
export const DEFAULT_LISTEN_PEER_URLS = "http://localhost:2380";
/** Where clients are listened for. */
export const DEFAULT_LISTEN_CLIENT_URLS = "http://localhost:2379";
/** What other members are told. */
export const DEFAULT_INITIAL_ADVERTISE_PEER_URLS = "http://localhost:2380";
/** What clients are told. */
export const DEFAULT_ADVERTISE_CLIENT_URLS = "http://localhost:2379";

/** The log output `default`: standard error. */
export const DEFAULT_LOG_OUTPUT = "default";
/** The log output that is systemd's journal. */
export const JOURNAL_LOG_OUTPUT = "systemd/journal";
/** The log output that is standard error. */
export const STD_ERR_LOG_OUTPUT = "stderr";
/** The log output that is standard output. */
export const STD_OUT_LOG_OUTPUT = "stdout";
/** The log format when none is given. */
export const DEFAULT_LOGGING_FORMAT = "json";
/** A log file that is rotated is full at 100 MB; old ones are kept, without end. */
export const DEFAULT_LOG_ROTATION_CONFIG =
  '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}';

/** Member changes that would cost the quorum are refused. */
export const DEFAULT_STRICT_RECONFIG_CHECK = true;
/** The v2 API is off, as in etcd since 3.4; the 2018 package still had it on. */
export const DEFAULT_ENABLE_V2 = false;

/** Compaction by age; `autoCompactionRetention` is a duration, or hours when it has no unit. */
export const COMPACTOR_MODE_PERIODIC = "periodic";
/** Compaction by distance; `autoCompactionRetention` is a count of revisions. */
export const COMPACTOR_MODE_REVISION = "revision";
/** The compaction mode when none is given. */
export const DEFAULT_AUTO_COMPACTION_MODE: string = COMPACTOR_MODE_PERIODIC;
/** No automatic compaction. */
export const DEFAULT_AUTO_COMPACTION_RETENTION = "0";

/** Milliseconds after which applying a request is logged as slow. */
export const DEFAULT_WARNING_APPLY_DURATION_MS = 100;
/** Milliseconds after which a unary request is logged as slow. */
export const DEFAULT_WARNING_UNARY_REQUEST_DURATION_MS = 300;
/** Milliseconds between two looks at a running downgrade. */
export const DEFAULT_DOWNGRADE_CHECK_TIME_MS = 5_000;
/** Milliseconds between two comparisons of compaction hashes. */
export const DEFAULT_COMPACT_HASH_CHECK_TIME_MS = 60_000;
/** Learners that a cluster may have. */
export const DEFAULT_MAX_LEARNERS = 1;

/** Tokens that live in the members' memory. */
export const DEFAULT_AUTH_TOKEN = "simple";
/** The cost factor of password hashes. */
export const DEFAULT_BCRYPT_COST = 10;
/** Seconds that a token lives. */
export const DEFAULT_AUTH_TOKEN_TTL_SECONDS = 300;

/** Milliseconds to reach the discovery service. */
export const DEFAULT_DISCOVERY_DIAL_TIMEOUT_MS = 2_000;
/** Milliseconds for one request to the discovery service. */
export const DEFAULT_DISCOVERY_REQUEST_TIME_OUT_MS = 5_000;
/** Milliseconds between two pings to the discovery service. */
export const DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_MS = 2_000;
/** Milliseconds that the discovery service may take to answer a ping. */
export const DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_OUT_MS = 6_000;
/** The discovery service is reached without TLS. */
export const DEFAULT_DISCOVERY_INSECURE_TRANSPORT = true;

/** Years that a certificate made by the server is valid. */
export const DEFAULT_SELF_SIGNED_CERT_VALIDITY_YEARS = 1;
/** The oldest TLS version that is spoken. */
export const DEFAULT_TLS_MIN_VERSION = "TLS1.2";

/** Where traces are sent. */
export const DEFAULT_DISTRIBUTED_TRACING_ADDRESS = "localhost:4317";
/** The service name in traces. */
export const DEFAULT_DISTRIBUTED_TRACING_SERVICE_NAME = "etcd";

/** The shortest timeouts on connections between members, in milliseconds, and the default ones. */
export const MIN_RAFT_CONNECTION_TIMEOUT_MS = 5_000;
