import { goQuote } from "../../base/go_quote.ts";
import { sortCipherSuites } from "../../net/tls/cipher_suites.ts";
import type { TlsOptions, TlsVersion } from "../../net/tls/tls_options.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/errors.ts";
import { type TlsInfo, trustedCaFileOf } from "../config/tls_info.ts";

/** What is set for TLS, without what differs between listeners. */
export type BaseTlsOptions = Omit<TlsOptions, "checksClientAddress">;

/** Throws a ConfigError for cipher suites with which nobody could connect. */
export function tlsOptionsOf(info: TlsInfo, config: Config): BaseTlsOptions {
  const trustedCaFile = trustedCaFileOf(info);
  return {
    certFile: info.certFile,
    keyFile: info.keyFile,
    requiresClientCertificate: info.clientCertAuth || trustedCaFile !== "",
    trustedCaFile,
    revocationListFile: info.crlFile,
    allowedCommonNames: info.allowedCns,
    allowedHostNames: info.allowedHostnames,
    minVersion: versionOf(config.tlsMinVersion, "TLSv1.2"),
    maxVersion: versionOf(config.tlsMaxVersion, "TLSv1.3"),
    cipherSuites: usableCipherSuites(config),
  };
}

function versionOf(setting: string, otherwise: TlsVersion): TlsVersion {
  if (setting === "TLS1.2") return "TLSv1.2";
  return setting === "TLS1.3" ? "TLSv1.3" : otherwise;
}

/** Throws a ConfigError for a cipher suite that Go has no name for. */
export function checkCipherSuites({ cipherSuites }: Config): void {
  const [unknown] = sortCipherSuites(cipherSuites).unknown;
  if (unknown !== undefined) {
    throw new ConfigError(`unexpected TLS cipher suite ${goQuote(unknown)}`);
  }
}

/** Those of `--cipher-suites` that can be spoken; undefined when none are named, and all may be. */
function usableCipherSuites(config: Config): readonly string[] | undefined {
  if (config.cipherSuites.length === 0) return undefined;
  const { usable, missing, sufficeForHttp2 } = sortCipherSuites(config.cipherSuites);
  if (!sufficeForHttp2) {
    throw new ConfigError(
      "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher " +
        "(need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or " +
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)",
    );
  }
  if (missing.length > 0) {
    config.getLogger("embed").warn("the TLS of Deno lacks some of --cipher-suites", { missing });
  }
  return usable;
}
