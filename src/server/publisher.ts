import { ClusterMemberAttrSetRequest, ClusterVersionSetRequest } from "../pb/membershippb.ts";
import type { EtcdServer } from "./etcd_server.ts";
import { ClusterMemberAttrSetOperation, ClusterVersionSetOperation } from "./operations/cluster.ts";
import { ETCD_CLUSTER_VERSION } from "./versions.ts";

/**
 * Tells the cluster, through the log, what this member is called and where clients reach it, and
 * decides the cluster version. Resolves when both are applied.
 */
export async function publishSelf(server: EtcdServer): Promise<void> {
  await publishAttributes(server);
  if (server.membership.clusterVersion !== ETCD_CLUSTER_VERSION) await publishVersion(server);
}

function publishAttributes(server: EtcdServer): Promise<void> {
  const request = ClusterMemberAttrSetRequest.create({
    memberId: server.memberId,
    memberAttributes: {
      name: server.config.name,
      clientUrls: [...server.config.advertiseClientUrls],
    },
  });
  return new Promise((applied, failed) => {
    const operation = new ClusterMemberAttrSetOperation(request, { applied, failed });
    server.proposeEncoded(operation, ClusterMemberAttrSetRequest.encode(request));
  });
}

function publishVersion(server: EtcdServer): Promise<void> {
  const request = ClusterVersionSetRequest.create({ ver: ETCD_CLUSTER_VERSION });
  return new Promise((applied, failed) => {
    const operation = new ClusterVersionSetOperation(request, { applied, failed });
    server.proposeEncoded(operation, ClusterVersionSetRequest.encode(request));
  });
}
