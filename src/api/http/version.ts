import type { EtcdServer } from "../../server/etcd_server.ts";
import { getOnly, type HttpHandler, jsonResponse } from "./http_message.ts";

/** GET /version: the etcd version that clients find here, and what the cluster agreed on. */
export function versionHandler(server: EtcdServer): HttpHandler {
  return getOnly(() => {
    const { release } = server.config.compatVersion;
    const versions = {
      etcdserver: release,
      etcdcluster: server.membership.clusterVersion ?? "not_decided",
      // Left out of the JSON, as etcd before 3.6 does, when there is none.
      storage: server.storageVersion,
    };
    return jsonResponse(200, JSON.stringify(versions));
  });
}
