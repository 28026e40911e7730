import { parseUrlList } from "../../base/url_list.ts";
import { UrlError } from "../../base/endpoint_url.ts";
import { Config } from "../../embed/config/config.ts";
import type { FlagSet } from "../ctl/flags/flag_set.ts";
import { ProxyError } from "../proxy/proxy_host.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";

/** How the proxy listens, in the terms in which a server is configured. */
export function listenConfig(flags: FlagSet): Config {
  const config = new Config();
  config.dir = flags.text("data-dir");
  config.clientTlsInfo.certFile = flags.text("cert-file");
  config.clientTlsInfo.keyFile = flags.text("key-file");
  config.clientTlsInfo.trustedCaFile = flags.text("trusted-ca-file");
  config.clientTlsInfo.crlFile = flags.text("client-crl-file");
  // A certificate that is given is not made.
  config.clientAutoTls = flags.bool("auto-tls") && config.clientTlsInfo.certFile === "";
  config.selfSignedCertValidityYears = flags.int64("self-signed-cert-validity");
  config.cipherSuites = flags.texts("listen-cipher-suites");
  config.tlsMinVersion = flags.text("tls-min-version");
  config.tlsMaxVersion = flags.text("tls-max-version");
  const scheme = config.clientAutoTls || config.clientTlsInfo.certFile !== "" ? "https" : "http";
  config.listenClientUrls = urlsOf(`${scheme}://${flags.text("listen-addr")}`, "listen-addr");
  const metricsUrl = flags.text("metrics-addr");
  if (metricsUrl !== "") config.listenMetricsUrls = urlsOf(metricsUrl, "metrics-addr");
  config.grpcKeepAliveMinTimeMs = flags.durationMs("grpc-keepalive-min-time");
  config.grpcKeepAliveIntervalMs = flags.durationMs("grpc-keepalive-interval");
  config.grpcKeepAliveTimeoutMs = flags.durationMs("grpc-keepalive-timeout");
  config.maxConcurrentStreams = flags.int64("max-concurrent-streams");
  config.maxRequestBytes = GRPC_PROXY_LIMITS.requestBytes;
  config.enableGrpcGateway = false;
  config.warningUnaryRequestDurationMs = 0;
  return config;
}

function urlsOf(text: string, flag: string): Config["listenClientUrls"] {
  try {
    return parseUrlList(text);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new ProxyError(`cannot read --${flag}: ${error.message}`, { cause: error });
  }
}
