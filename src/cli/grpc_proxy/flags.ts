import { boolFlag, durationFlag, int64Flag, stringFlag } from "../ctl/flags/flag.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import { NETWORK_FLAGS } from "../proxy/network_flags.ts";
import { ProxyError } from "../proxy/proxy_host.ts";
import type { ProxyCommand } from "../proxy/usage.ts";

/** `detcd grpc-proxy start`, with etcd's flags. */
export const GRPC_PROXY_COMMAND: ProxyCommand = {
  name: "grpc-proxy start",
  short: "start the grpc proxy",
  flags: [
    ...NETWORK_FLAGS,
    stringFlag("metrics-addr", "", "a URL to serve /metrics and /health on as well"),
    durationFlag("endpoints-auto-sync-interval", "0s", "time between two looks for new members"),
    durationFlag("dial-keepalive-time", "0s", "silence after which servers are probed (0s: never)"),
    durationFlag("dial-keepalive-timeout", "20s", "time that a server has to answer a probe"),
    boolFlag("permit-without-stream", "probe servers even when nothing is asked of them"),
    stringFlag("advertise-client-url", "127.0.0.1:23790", "address that clients are told"),
    stringFlag("resolver-prefix", "", "prefix of the keys under which the proxies are registered"),
    int64Flag("resolver-ttl", "seconds that a registration lives"),
    stringFlag("namespace", "", "prefix of all keys that clients do not see"),
    boolFlag("enable-pprof", "serve runtime profiles under /debug/pprof/"),
    stringFlag("data-dir", "default.proxy", "directory for generated certificates"),
    int64Flag("max-send-bytes", "bytes of the largest message sent to servers", 1_572_864),
    int64Flag("max-recv-bytes", "bytes of the largest message taken from servers", 2_147_483_647),
    durationFlag("grpc-keepalive-min-time", "5s", "shortest time between two pings of a client"),
    durationFlag("grpc-keepalive-interval", "2h", "silence after which clients are pinged"),
    durationFlag("grpc-keepalive-timeout", "20s", "time that a client has to answer a ping"),
    stringFlag("cert", "", "certificate file to show to servers"),
    stringFlag("key", "", "key file to --cert"),
    stringFlag("cacert", "", "CA file that servers' certificates are checked with"),
    boolFlag("insecure-skip-tls-verify", "do not check servers' certificates (for tests only)"),
    stringFlag("cert-file", "", "certificate file to show to clients"),
    stringFlag("key-file", "", "key file to --cert-file"),
    stringFlag("trusted-ca-file", "", "CA file that clients' certificates are checked with"),
    {
      name: "listen-cipher-suites",
      kind: "strings",
      default: "",
      usage: "TLS cipher suites between clients and the proxy",
    },
    boolFlag("auto-tls", "serve clients over TLS with a certificate of the proxy's own making"),
    stringFlag("client-crl-file", "", "file with revoked client certificates"),
    int64Flag("self-signed-cert-validity", "years that such a certificate is valid", 1),
    stringFlag("tls-min-version", "TLS1.2", "oldest TLS version that is spoken"),
    stringFlag("tls-max-version", "", "newest TLS version that is spoken"),
    boolFlag("experimental-serializable-ordering", "never read from a server that is behind"),
    stringFlag(
      "experimental-leasing-prefix",
      "",
      "prefix of the keys that tell which proxy serves a key from memory",
    ),
    boolFlag("experimental-enable-grpc-logging", "log all requests"),
    boolFlag("debug", "log everything"),
    int64Flag("max-concurrent-streams", "streams that one client may have open", 4_294_967_295),
  ],
};

const TLS_VERSIONS = ["TLS1.2", "TLS1.3"];

/** Checks what etcd checks. */
export function checkGrpcProxyFlags(flags: FlagSet): void {
  const prefix = flags.text("resolver-prefix");
  const ttl = flags.int64("resolver-ttl");
  if (prefix !== "" && ttl < 1) throw new ProxyError(`invalid resolver-ttl ${ttl}`);
  if (prefix === "" && ttl > 0) throw new ProxyError(`invalid resolver-prefix "${prefix}"`);
  if (prefix !== "" && flags.text("advertise-client-url") === "") {
    throw new ProxyError('invalid advertise-client-url ""');
  }
  checkTlsVersions(flags);
}

function checkTlsVersions(flags: FlagSet): void {
  const [min, max] = [flags.text("tls-min-version"), flags.text("tls-max-version")];
  for (const [name, version] of [["tls-min-version", min], ["tls-max-version", max]]) {
    if (version === "" || TLS_VERSIONS.includes(version)) continue;
    throw new ProxyError(
      `${name} is invalid: unexpected TLS version "${version}" (must be one of: TLS1.2, TLS1.3)`,
    );
  }
  if (max !== "" && min > max) {
    throw new ProxyError(`min version (${min}) is greater than max version (${max})`);
  }
}
