import {
  DEFAULT_COMPACT_HASH_CHECK_TIME_MS,
  DEFAULT_ENABLE_V2,
  DEFAULT_LOG_OUTPUT,
  DEFAULT_MAX_SNAPSHOTS,
} from "../constants.ts";
import { goQuote } from "../../../base/go_quote.ts";
import { ValueError } from "../errors.ts";
import { BOOL, choiceKind, DURATION, TEXT, UINT } from "./scalar_kinds.ts";
import { inside, own, type Place, rowsOf, type TypedSetting } from "./setting.ts";
import type { ValueKind } from "./value_kind.ts";

const row = rowsOf("Of earlier releases");

/** Settings of etcd from 2018 to 3.6 that today's etcd has dropped or renamed. */
export const LEGACY_SETTINGS = {
  maxSnapFiles: row(UINT, own("maxSnapFiles"), {
    flag: "max-snapshots",
    default: DEFAULT_MAX_SNAPSHOTS,
    status: "works",
    help: "Snapshot files to keep (0 keeps all).",
  }),
  durl: row(TEXT, own("durl"), {
    flag: "discovery",
    default: "",
    status: "refused",
    help: "URL of a v2 discovery service.",
  }),
  dproxy: row(TEXT, own("dproxy"), {
    flag: "discovery-proxy",
    default: "",
    status: "refused",
    help: "HTTP proxy on the way to that service.",
  }),
  discoveryFallback: row(choiceKind("exit", "proxy"), own("discoveryFallback"), {
    flag: "discovery-fallback",
    default: "exit",
    status: "works",
    help: "What to do when discovery fails; 'exit' is all that is left.",
  }),
  enableV2: row(BOOL, own("enableV2"), {
    flag: "enable-v2",
    default: DEFAULT_ENABLE_V2,
    status: "refused",
    help: "Serve the v2 API.",
  }),
  experimentalEnableV2V3: row(TEXT, own("experimentalEnableV2V3"), {
    flag: "experimental-enable-v2v3",
    default: "",
    status: "refused",
    help: "Serve v2 requests out of the v3 store, under this prefix.",
  }),
  proxyMode: row(choiceKind("off", "readonly", "on"), inside("v2Proxy", "mode"), {
    flag: "proxy",
    default: "off",
    status: "refused",
    help: "Run as a proxy of the v2 API: off, readonly or on.",
  }),
  proxyFailureWaitMs: row(UINT, inside("v2Proxy", "failureWaitMs"), {
    flag: "proxy-failure-wait",
    default: 5000,
    status: "refused",
    help: "Milliseconds that the proxy avoids an endpoint which failed.",
  }),
  proxyRefreshIntervalMs: row(UINT, inside("v2Proxy", "refreshIntervalMs"), {
    flag: "proxy-refresh-interval",
    default: 30_000,
    status: "refused",
    help: "Milliseconds between two looks of the proxy for endpoints.",
  }),
  proxyDialTimeoutMs: row(UINT, inside("v2Proxy", "dialTimeoutMs"), {
    flag: "proxy-dial-timeout",
    default: 1000,
    status: "refused",
    help: "Milliseconds for the proxy to connect.",
  }),
  proxyWriteTimeoutMs: row(UINT, inside("v2Proxy", "writeTimeoutMs"), {
    flag: "proxy-write-timeout",
    default: 5000,
    status: "refused",
    help: "Milliseconds for the proxy to send a request.",
  }),
  proxyReadTimeoutMs: row(UINT, inside("v2Proxy", "readTimeoutMs"), {
    flag: "proxy-read-timeout",
    default: 0,
    status: "refused",
    help: "Milliseconds for the proxy to receive an answer.",
  }),
  caFile: row(TEXT, inside("clientTlsInfo", "caFile"), {
    flag: "ca-file",
    fileKey: "client-transport-security.ca-file",
    default: "",
    status: "works",
    help: "CA file that clients' certificates are checked with; now --trusted-ca-file.",
  }),
  peerCaFile: row(TEXT, inside("peerTlsInfo", "caFile"), {
    flag: "peer-ca-file",
    fileKey: "peer-transport-security.ca-file",
    default: "",
    status: "refused",
    help: "CA file that members' certificates are checked with; now --peer-trusted-ca-file.",
  }),
  debug: row(BOOL, own("debug"), {
    flag: "debug",
    default: false,
    status: "works",
    help: "Log everything; now --log-level=debug.",
  }),
  logPkgLevels: row(TEXT, own("logPkgLevels"), {
    flag: "log-package-levels",
    default: "",
    status: "works",
    help: "A log level for single parts of the server, as in etcdserver=DEBUG,embed=WARNING.",
  }),
  logOutput: row(TEXT, own("logOutput"), {
    flag: "log-output",
    default: DEFAULT_LOG_OUTPUT,
    status: "works",
    help: "Where log lines go; now --log-outputs.",
  }),
  experimentalInitialCorruptCheck: row(BOOL, own("experimentalInitialCorruptCheck"), {
    flag: "experimental-initial-corrupt-check",
    default: false,
    status: "works",
    help: "Check the data for corruption before serving; " +
      "now --feature-gates=InitialCorruptCheck=true.",
  }),
  experimentalCorruptCheckTimeMs: row(DURATION, own("experimentalCorruptCheckTimeMs"), {
    flag: "experimental-corrupt-check-time",
    default: 0,
    status: "works",
    help: "Time between two checks of all data for corruption; now --corrupt-check-time.",
  }),
  experimentalCompactHashCheckEnabled: row(BOOL, own("experimentalCompactHashCheckEnabled"), {
    flag: "experimental-compact-hash-check-enabled",
    default: false,
    status: "works",
    help: "Check the hashes that compactions leave; now --feature-gates=CompactHashCheck=true.",
  }),
  experimentalCompactHashCheckTimeMs: row(DURATION, own("experimentalCompactHashCheckTimeMs"), {
    flag: "experimental-compact-hash-check-time",
    default: DEFAULT_COMPACT_HASH_CHECK_TIME_MS,
    status: "works",
    help: "Time between two such checks; now --compact-hash-check-time.",
  }),
};

/** etcd says that it ignores this one. */
export const V2_DEPRECATION_FLAG = "v2-deprecation";

const ignoredRow = rowsOf("Accepted and ignored");

/** A flag that may be given in any form, since etcd does not look at what it says. */
const ANYTHING: ValueKind<string> = {
  name: "anything",
  isSwitch: true,
  fromText: (_text, current) => current,
  fromFile: (_value, current) => current,
  toText: (value) => value,
  copy: (value) => value,
};

const NOWHERE: Place<string> = { field: "", read: () => "", write: () => {} };

/** Flags of etcd 0.4 and of etcd's own tests. */
const IGNORED_FLAGS = [
  "cluster-active-size",
  "cluster-remove-delay",
  "cluster-sync-interval",
  "config",
  "force",
  "max-result-buffer",
  "max-retry-attempts",
  "peer-heartbeat-interval",
  "peer-election-timeout",
  "retry-interval",
  "snapshot",
  "v",
  "vv",
  "test.coverprofile",
  "test.outputdir",
] as const;

/** How far the v2 API is gone: etcd 3.7 looks at the word, and at nothing else. */
const DEPRECATION_PHASES = ["write-only", "write-only-drop-data", "gone"];
const DEPRECATION_PHASE: ValueKind<string> = {
  ...choiceKind(...DEPRECATION_PHASES),
  fromText(text) {
    if (!DEPRECATION_PHASES.includes(text)) throw new ValueError(`invalid value ${goQuote(text)}`);
    return text;
  },
};

/** What etcd still takes from the command lines of its first years, and of its last. */
export const IGNORED_SETTINGS: readonly TypedSetting<string>[] = [
  ...IGNORED_FLAGS.map((flag) =>
    ignoredRow(ANYTHING, NOWHERE, { flag, default: "", status: "ignored", help: "" })
  ),
  ignoredRow(DEPRECATION_PHASE, NOWHERE, {
    flag: V2_DEPRECATION_FLAG,
    default: "",
    defaultText: "write-only",
    status: "ignored",
    help: "",
  }),
];
