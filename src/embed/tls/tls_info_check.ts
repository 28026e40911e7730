import { goQuote } from "../../base/go_quote.ts";
import { readKeyPair } from "../../net/tls/credential_files.ts";
import { ConfigError, NotBuiltError } from "../config/errors.ts";
import { type TlsInfo, trustedCaFileOf } from "../config/tls_info.ts";

/** Checks what TLS is to be spoken with, in etcd's order and words. Throws a ConfigError. */
export function checkTlsInfo(info: TlsInfo): void {
  const { certFile, keyFile, clientCertFile, clientKeyFile } = info;
  if (certFile === "" || keyFile === "") {
    throw new ConfigError(
      `KeyFile and CertFile must both be present[key: ${keyFile}, cert: ${certFile}]`,
    );
  }
  readKeyPair(certFile, keyFile);
  if ((clientCertFile === "") !== (clientKeyFile === "")) {
    throw new ConfigError(
      "ClientKeyFile and ClientCertFile must both be present or both absent: " +
        `key: ${clientKeyFile}, cert: ${clientCertFile}]`,
    );
  }
  if (clientCertFile !== "") readKeyPair(clientCertFile, clientKeyFile);
  checkAllowed(info);
}

function checkAllowed(info: TlsInfo): void {
  const { allowedCns, allowedHostnames } = info;
  if (allowedCns.length > 0 && allowedHostnames.length > 0) {
    throw new ConfigError(
      "AllowedCNs and AllowedHostnames are mutually exclusive " +
        `(cns=${quotedList(allowedCns)}, hostnames=${quotedList(allowedHostnames)})`,
    );
  }
  if (info.clientCertAuth && trustedCaFileOf(info) === "") {
    throw new NotBuiltError(
      "--client-cert-auth needs --trusted-ca-file: detcd does not trust the system's authorities " +
        "to say who may connect",
    );
  }
  if (info.caFile !== "" && info.trustedCaFile !== "") {
    throw new ConfigError("--ca-file is the old name of --trusted-ca-file: give one of them");
  }
}

/** Go's `%q` of a list. */
function quotedList(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(" ")}]`;
}
