/**
 * A configuration that cannot be used; the message says what is wrong with it, in etcd's words where
 * etcd has any.
 *
 * @example
 * ```ts
 * import { ConfigError, newConfig } from "@detcd/detcd";
 *
 * const config = newConfig();
 * config.electionMs = config.tickMs;
 * try {
 *   config.validate();
 *   throw new Error("taken");
 * } catch (error) {
 *   if (!(error instanceof ConfigError)) throw error;
 *   console.log(error.message); // --election-timeout[100ms] should be at least as 5 times as ...
 * }
 * ```
 */
export class ConfigError extends Error {
  /** How the error calls itself. */
  override name = "ConfigError";
}

/** A text that is no value of the setting it is meant for; the message does not name the setting. */
export class ValueError extends ConfigError {
  /** How the error calls itself. */
  override name = "ValueError";
}

/** A setting that etcd has and detcd does not obey yet. It is refused so that nobody relies on it. */
export class NotBuiltError extends ConfigError {
  /** How the error calls itself. */
  override name = "NotBuiltError";
}

/** More than one way to find the cluster's members is given. */
export const ERR_CONFLICT_BOOTSTRAP_FLAGS: ConfigError = new ConfigError(
  "multiple discovery or bootstrap flags are set. " +
    'Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"',
);

/** Clients would be told an address on which nobody listens. */
export const ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG: ConfigError = new ConfigError(
  "--advertise-client-urls is required when --listen-client-urls is set explicitly",
);

/** There is no single file that could be rotated. */
export const ERR_LOG_ROTATION_INVALID_LOG_OUTPUT: ConfigError = new ConfigError(
  "--log-outputs requires a single file path when --log-rotate-config-json is defined",
);

/** Metrics are to be served over TLS, and there is no certificate. */
export const ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL: ConfigError = new ConfigError(
  "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url",
);
