import { decideClusterVersion } from "../../core/members/cluster_version.ts";
import { formatAttributes } from "../../core/members/member_attributes.ts";
import type { Membership } from "../../core/members/membership.ts";
import { V2_VERSION_PATH, v2AttributesPath } from "../../core/members/v2_keys.ts";
import { Request } from "../../pb/etcdserverpb.ts";
import { ClusterMemberAttrSetRequest, ClusterVersionSetRequest } from "../../pb/membershippb.ts";
import {
  ClusterMemberAttrSetOperation,
  ClusterVersionSetOperation,
} from "../operations/cluster.ts";
import type { Operation } from "../operations/operation.ts";
import { V2Operation } from "../operations/v2.ts";
import type { ServerConfig } from "../server_config.ts";

/** The member that publishes itself. */
export interface PublishingMember {
  readonly memberId: bigint;
  readonly config: ServerConfig;
  readonly membership: Membership;
  newRequestId(): bigint;
  propose(operation: Operation, frame: Uint8Array): void;
  proposeEncoded(operation: Operation, bytes: Uint8Array): void;
}

/**
 * Tells the cluster, through the log, what this member is called and where clients reach it, and
 * decides the cluster version, which becomes lower when the member is told to present an older
 * one. Resolves when both are applied. The entries have the form that an etcd of the version which
 * the member presents writes itself, for no other is understood by all members of such a cluster.
 */
export async function publishSelf(server: PublishingMember): Promise<void> {
  const { publishesByV3 } = server.config.compatVersion;
  await (publishesByV3 ? publishAttributes(server) : putAttributes(server));
  await publishClusterVersion(server);
}

/** Brings the cluster to the version that it is to have, if it is at another one. */
export async function publishClusterVersion(server: PublishingMember): Promise<void> {
  const { membership, config: { compatVersion } } = server;
  const { clusterVersion, downgrade } = membership;
  const version = decideClusterVersion(clusterVersion, downgrade, compatVersion);
  if (version === undefined) return;
  await (compatVersion.publishesByV3
    ? publishVersion(server, version)
    : putV2(server, V2_VERSION_PATH, version));
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

function publishVersion(server: PublishingMember, version: string): Promise<void> {
  const request = ClusterVersionSetRequest.create({ ver: version });
  return new Promise((applied, failed) => {
    const operation = new ClusterVersionSetOperation(request, { applied, failed });
    server.proposeEncoded(operation, ClusterVersionSetRequest.encode(request));
  });
}

function putAttributes(server: PublishingMember): Promise<void> {
  const { name, advertiseClientUrls } = server.config;
  const attributes = formatAttributes({ name, clientUrls: advertiseClientUrls });
  return putV2(server, v2AttributesPath(server.memberId), attributes);
}

/** Writes a key of the v2 store, by an entry that is nothing but this request. */
function putV2(server: PublishingMember, path: string, value: string): Promise<void> {
  const id = server.newRequestId();
  const request = Request.create({ id, method: "PUT", path, val: value });
  return new Promise((applied, failed) => {
    const operation = new V2Operation(request, { applied, failed });
    server.propose(operation, Request.encode(request));
  });
}
