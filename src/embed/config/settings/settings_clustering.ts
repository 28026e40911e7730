import { parseUrlList } from "../../../base/url_list.ts";
import { UrlError } from "../../../base/endpoint_url.ts";
import { UrlsMap } from "../../../base/urls_map.ts";
import {
  CLUSTER_STATE_FLAG_EXISTING,
  CLUSTER_STATE_FLAG_NEW,
  DEFAULT_ADVERTISE_CLIENT_URLS,
  DEFAULT_AUTO_COMPACTION_MODE,
  DEFAULT_AUTO_COMPACTION_RETENTION,
  DEFAULT_DISCOVERY_DIAL_TIMEOUT_MS,
  DEFAULT_DISCOVERY_INSECURE_TRANSPORT,
  DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_MS,
  DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_OUT_MS,
  DEFAULT_DISCOVERY_REQUEST_TIME_OUT_MS,
  DEFAULT_INITIAL_ADVERTISE_PEER_URLS,
  DEFAULT_NAME,
  DEFAULT_STRICT_RECONFIG_CHECK,
} from "../constants.ts";
import { UNIQUE_TEXT_LIST, URL_LIST } from "./list_kinds.ts";
import { BOOL, choiceKind, DURATION, TEXT } from "./scalar_kinds.ts";
import { inside, own, rowsOf } from "./setting.ts";

const row = rowsOf("Clustering");

/** How the member finds the others and is found, and the rules they share. */
export const CLUSTERING_SETTINGS = {
  advertisePeerUrls: row(URL_LIST, own("advertisePeerUrls"), {
    flag: "initial-advertise-peer-urls",
    default: parseUrlList(DEFAULT_INITIAL_ADVERTISE_PEER_URLS),
    status: "works",
    help: "Peer URLs of this member that the other members are told.",
  }),
  initialCluster: row(TEXT, own("initialCluster"), {
    flag: "initial-cluster",
    default: `${DEFAULT_NAME}=${DEFAULT_INITIAL_ADVERTISE_PEER_URLS}`,
    status: "works",
    refusal: initialClusterRefusal,
    help: "The founding members, as name=URL pairs separated by commas.",
  }),
  clusterState: row(
    choiceKind(CLUSTER_STATE_FLAG_NEW, CLUSTER_STATE_FLAG_EXISTING),
    own("clusterState"),
    {
      flag: "initial-cluster-state",
      default: CLUSTER_STATE_FLAG_NEW,
      status: "works",
      refusal: clusterStateRefusal,
      help: "Whether the member founds its cluster ('new') or joins it ('existing'). " +
        "Only the first start reads it.",
    },
  ),
  initialClusterToken: row(TEXT, own("initialClusterToken"), {
    flag: "initial-cluster-token",
    default: "etcd-cluster",
    status: "works",
    help: "Keeps clusters apart that were founded with the same names and URLs.",
  }),
  advertiseClientUrls: row(URL_LIST, own("advertiseClientUrls"), {
    flag: "advertise-client-urls",
    default: parseUrlList(DEFAULT_ADVERTISE_CLIENT_URLS),
    status: "works",
    help: "Client URLs of this member that clients are told; they must be able to reach them.",
  }),
  discoveryToken: row(TEXT, inside("discoveryCfg", "token"), {
    flag: "discovery-token",
    fileKey: "discovery-config.token",
    default: "",
    status: "refused",
    help: "Names the cluster to be in the discovery service.",
  }),
  discoveryEndpoints: row(UNIQUE_TEXT_LIST, inside("discoveryCfg", "endpoints"), {
    flag: "discovery-endpoints",
    fileKey: "discovery-config.client.endpoints",
    default: [],
    status: "refused",
    help: "Client URLs of the etcd cluster that serves discovery.",
  }),
  discoveryDialTimeout: row(DURATION, inside("discoveryCfg", "dialTimeoutMs"), {
    flag: "discovery-dial-timeout",
    fileKey: "discovery-config.client.dial-timeout",
    default: DEFAULT_DISCOVERY_DIAL_TIMEOUT_MS,
    status: "refused",
    help: "Time to reach the discovery service.",
  }),
  discoveryRequestTimeout: row(DURATION, inside("discoveryCfg", "requestTimeoutMs"), {
    flag: "discovery-request-timeout",
    fileKey: "discovery-config.client.request-timeout",
    default: DEFAULT_DISCOVERY_REQUEST_TIME_OUT_MS,
    status: "refused",
    help: "Time for one request to the discovery service.",
  }),
  discoveryKeepAliveTime: row(DURATION, inside("discoveryCfg", "keepAliveTimeMs"), {
    flag: "discovery-keepalive-time",
    fileKey: "discovery-config.client.keepalive-time",
    default: DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_MS,
    status: "refused",
    help: "Time between two pings to the discovery service.",
  }),
  discoveryKeepAliveTimeout: row(DURATION, inside("discoveryCfg", "keepAliveTimeoutMs"), {
    flag: "discovery-keepalive-timeout",
    fileKey: "discovery-config.client.keepalive-timeout",
    default: DEFAULT_DISCOVERY_KEEP_ALIVE_TIME_OUT_MS,
    status: "refused",
    help: "Time that the discovery service has to answer a ping.",
  }),
  discoveryInsecureTransport: row(BOOL, inside("discoveryCfg", "insecureTransport"), {
    flag: "discovery-insecure-transport",
    fileKey: "discovery-config.client.secure.insecure-transport",
    default: DEFAULT_DISCOVERY_INSECURE_TRANSPORT,
    status: "refused",
    help: "Reach the discovery service without TLS.",
  }),
  discoveryInsecureSkipVerify: row(BOOL, inside("discoveryCfg", "insecureSkipVerify"), {
    flag: "discovery-insecure-skip-tls-verify",
    fileKey: "discovery-config.client.secure.insecure-skip-tls-verify",
    default: false,
    status: "refused",
    help: "Do not check the discovery service's certificate (for tests only).",
  }),
  discoveryCert: row(TEXT, inside("discoveryCfg", "cert"), {
    flag: "discovery-cert",
    fileKey: "discovery-config.client.secure.cert",
    default: "",
    status: "refused",
    help: "Certificate file to show to the discovery service.",
  }),
  discoveryKey: row(TEXT, inside("discoveryCfg", "key"), {
    flag: "discovery-key",
    fileKey: "discovery-config.client.secure.key",
    default: "",
    status: "refused",
    help: "Key file to that certificate.",
  }),
  discoveryCacert: row(TEXT, inside("discoveryCfg", "cacert"), {
    flag: "discovery-cacert",
    fileKey: "discovery-config.client.secure.cacert",
    default: "",
    status: "refused",
    help: "CA file that the discovery service's certificate is checked with.",
  }),
  discoveryUser: row(TEXT, inside("discoveryCfg", "username"), {
    flag: "discovery-user",
    fileKey: "discovery-config.client.auth.username",
    default: "",
    status: "refused",
    isSecret: true,
    help: "User at the discovery service, as name or name:password.",
  }),
  discoveryPassword: row(TEXT, inside("discoveryCfg", "password"), {
    flag: "discovery-password",
    fileKey: "discovery-config.client.auth.password",
    default: "",
    status: "refused",
    isSecret: true,
    help: "Password of that user.",
  }),
  dnsCluster: row(TEXT, own("dnsCluster"), {
    flag: "discovery-srv",
    default: "",
    status: "refused",
    help: "DNS domain whose SRV records name the founding members.",
  }),
  dnsClusterServiceName: row(TEXT, own("dnsClusterServiceName"), {
    flag: "discovery-srv-name",
    default: "",
    status: "refused",
    help: "Suffix of the service name in those SRV records.",
  }),
  strictReconfigCheck: row(BOOL, own("strictReconfigCheck"), {
    flag: "strict-reconfig-check",
    default: DEFAULT_STRICT_RECONFIG_CHECK,
    // A lone member can neither be joined nor removed, whatever is checked before.
    status: "moot",
    help: "Refuse member changes that would cost the cluster its quorum.",
  }),
  preVote: row(BOOL, own("preVote"), {
    flag: "pre-vote",
    default: true,
    status: "moot",
    help: "Ask whether an election could be won before calling one, " +
      "so that a member which was cut off does not disturb the others when it returns.",
  }),
  autoCompactionRetention: row(TEXT, own("autoCompactionRetention"), {
    flag: "auto-compaction-retention",
    default: DEFAULT_AUTO_COMPACTION_RETENTION,
    status: "works",
    help: "History to keep when compacting by itself: a time or a count of revisions " +
      "(0 never compacts).",
  }),
  autoCompactionMode: row(TEXT, own("autoCompactionMode"), {
    flag: "auto-compaction-mode",
    default: DEFAULT_AUTO_COMPACTION_MODE,
    status: "works",
    help: "What --auto-compaction-retention counts: 'periodic' is time (hours without a unit), " +
      "'revision' is revisions.",
  }),
};

function initialClusterRefusal(text: string): string | undefined {
  if (memberCount(text) <= 1) return undefined;
  return "detcd runs clusters of one member only so far";
}

/** A text that cannot be read is left to whoever needs what it says, as in etcd. */
function memberCount(text: string): number {
  try {
    return UrlsMap.parse(text).size;
  } catch (error) {
    if (error instanceof UrlError) return 0;
    throw error;
  }
}

function clusterStateRefusal(state: string): string | undefined {
  if (state !== CLUSTER_STATE_FLAG_EXISTING) return undefined;
  return "detcd cannot join a running cluster yet";
}
