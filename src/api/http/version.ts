import type { EtcdServer } from "../../server/etcd_server.ts";
import { ETCD_VERSION } from "../../server/versions.ts";
import { getOnly, type HttpHandler, jsonResponse } from "./http_message.ts";

/** GET /version: the etcd version that clients find here, and what the cluster agreed on. */
export function versionHandler(server: EtcdServer): HttpHandler {
  return getOnly(() => {
    const clusterVersion = server.membership.clusterVersion;
    return jsonResponse(
      200,
      JSON.stringify({
        etcdserver: ETCD_VERSION,
        etcdcluster: clusterVersion ?? "not_decided",
        storage: clusterVersion ?? "unknown",
      }),
    );
  });
}
