import {
  DEFAULT_DISCOVERY_DIAL_TIMEOUT_MS,
  DEFAULT_DISCOVERY_INSECURE_TRANSPORT,
  DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_MS,
  DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_OUT_MS,
  DEFAULT_DISCOVERY_REQUEST_TIME_OUT_MS,
} from "./constants.ts";

/** How to find the other members through another etcd cluster. */
export interface DiscoveryConfig {
  /** Client URLs of the discovery service. */
  endpoints: string[];
  /** Names the cluster to be. */
  token: string;
  /** Time to reach the service. */
  dialTimeoutMs: number;
  /** Time for one request. */
  requestTimeoutMs: number;
  /** Time between two pings. */
  keepAliveTimeMs: number;
  /** Time that the service has to answer a ping. */
  keepAliveTimeoutMs: number;
  /** Whether the service is reached without TLS. */
  insecureTransport: boolean;
  /** Whether the certificate of the service is not checked. */
  insecureSkipVerify: boolean;
  /** Path of the client certificate. */
  cert: string;
  /** Path of the key to it. */
  key: string;
  /** Path of the CA certificates that are trusted. */
  cacert: string;
  /** The user at the service, as name or name:password. */
  username: string;
  /** The password of that user. */
  password: string;
}

/** No discovery, and etcd's timeouts for when there is. */
export function defaultDiscoveryConfig(): DiscoveryConfig {
  return {
    endpoints: [],
    token: "",
    dialTimeoutMs: DEFAULT_DISCOVERY_DIAL_TIMEOUT_MS,
    requestTimeoutMs: DEFAULT_DISCOVERY_REQUEST_TIME_OUT_MS,
    keepAliveTimeMs: DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_MS,
    keepAliveTimeoutMs: DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_OUT_MS,
    insecureTransport: DEFAULT_DISCOVERY_INSECURE_TRANSPORT,
    insecureSkipVerify: false,
    cert: "",
    key: "",
    cacert: "",
    username: "",
    password: "",
  };
}
