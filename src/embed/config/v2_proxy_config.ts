import { LEGACY_SETTINGS } from "./settings_legacy.ts";

/** Settings of the v2 proxy that etcd had until 3.5. */
export interface V2ProxyConfig {
  /** `off`, `readonly` or `on`. */
  mode: string;
  /** Time that an endpoint is avoided which failed. */
  failureWaitMs: number;
  /** Time between two looks for endpoints. */
  refreshIntervalMs: number;
  /** Time to connect. */
  dialTimeoutMs: number;
  /** Time to send a request. */
  writeTimeoutMs: number;
  /** Time to receive an answer; 0 is no bound. */
  readTimeoutMs: number;
}

/** No proxy, and etcd's timeouts for when there was one. */
export function defaultV2ProxyConfig(): V2ProxyConfig {
  return {
    mode: LEGACY_SETTINGS.proxyMode.fresh(),
    failureWaitMs: LEGACY_SETTINGS.proxyFailureWaitMs.fresh(),
    refreshIntervalMs: LEGACY_SETTINGS.proxyRefreshIntervalMs.fresh(),
    dialTimeoutMs: LEGACY_SETTINGS.proxyDialTimeoutMs.fresh(),
    writeTimeoutMs: LEGACY_SETTINGS.proxyWriteTimeoutMs.fresh(),
    readTimeoutMs: LEGACY_SETTINGS.proxyReadTimeoutMs.fresh(),
  };
}
