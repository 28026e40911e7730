import type { Logger } from "../../base/log.ts";
import { CredentialError } from "../../net/tls/credential_error.ts";
import { openTlsGate, type Rejection, type TlsGate } from "../../net/tls/tls_gate.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/errors.ts";
import type { ClientTls } from "./client_tls.ts";
import { checkTlsInfo } from "./tls_info_check.ts";
import { type BaseTlsOptions, tlsOptionsOf } from "./tls_settings.ts";

/** Opens the gates that are wanted. Throws a ConfigError when the settings cannot be used. */
export async function openClientGates(
  config: Config,
  wanted: { readonly clients: boolean; readonly metrics: boolean },
): Promise<ClientTls> {
  const { clientTlsInfo, cipherSuites } = config;
  try {
    checkTlsInfo(clientTlsInfo);
    const options = tlsOptionsOf(clientTlsInfo, config);
    config.getLogger("embed").info("starting with client TLS", {
      "tls-info": clientTlsInfo,
      "cipher-suites": cipherSuites,
    });
    return {
      clients: wanted.clients ? await openGate(config, options, false) : undefined,
      metrics: wanted.metrics ? await openGate(config, options, true) : undefined,
    };
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new ConfigError(error.message, { cause: error });
  }
}

/** As in etcd, only who asks for metrics must call from where his certificate is for. */
function openGate(
  config: Config,
  options: BaseTlsOptions,
  isForMetrics: boolean,
): Promise<TlsGate> {
  const logger = config.getLogger("embed");
  return openTlsGate({
    ...options,
    checksClientAddress: isForMetrics && !config.clientTlsInfo.skipClientSanVerify,
    onRejected: (rejection) => logRejection(logger, rejection),
    onUnusableFiles: ({ message }) =>
      logger.error("TLS files have changed and cannot be used; the old ones stay in use", {
        error: message,
      }),
  });
}

const REJECTED = "rejected connection on client endpoint";

function logRejection(logger: Logger, { remoteAddress, error }: Rejection): void {
  const fields = { "remote-addr": remoteAddress, error: error.message };
  if (error.isHangUp) logger.debug(REJECTED, fields);
  else logger.warn(REJECTED, fields);
}
