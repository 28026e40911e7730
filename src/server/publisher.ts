import type { Membership } from "../core/members/membership.ts";
import { ClusterMemberAttrSetRequest, ClusterVersionSetRequest } from "../pb/membershippb.ts";
import { ClusterMemberAttrSetOperation, ClusterVersionSetOperation } from "./operations/cluster.ts";
import type { Operation } from "./operations/operation.ts";
import type { ServerConfig } from "./server_config.ts";
import { ETCD_CLUSTER_VERSION } from "./versions.ts";

/** The member that publishes itself. */
export interface PublishingMember {
  readonly memberId: bigint;
  readonly config: ServerConfig;
  readonly membership: Membership;
  proposeEncoded(operation: Operation, bytes: Uint8Array): void;
}

/**
 * Tells the cluster, through the log, what this member is called and where clients reach it, and
 * decides the cluster version. Resolves when both are applied.
 */
export async function publishSelf(server: PublishingMember): Promise<void> {
  await publishAttributes(server);
  if (server.membership.clusterVersion !== ETCD_CLUSTER_VERSION) await publishVersion(server);
}

function publishAttributes(server: PublishingMember): Promise<void> {
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

function publishVersion(server: PublishingMember): Promise<void> {
  const request = ClusterVersionSetRequest.create({ ver: ETCD_CLUSTER_VERSION });
  return new Promise((applied, failed) => {
    const operation = new ClusterVersionSetOperation(request, { applied, failed });
    server.proposeEncoded(operation, ClusterVersionSetRequest.encode(request));
  });
}
