import { formatId } from "../../core/members/member_id.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { DETCD_VERSION } from "../../server/detcd_version.ts";
import { gauges, label, type MetricFamily } from "./family.ts";

/** A feature that can be switched on and off. */
export interface FeatureState {
  readonly name: string;
  readonly stage: "alpha" | "beta";
  readonly isEnabled: boolean;
}

/** What this member is, as labels of metrics that are always 1, and which features are on. */
export function versionMetrics(
  server: EtcdServer,
  features: readonly FeatureState[],
): MetricFamily[] {
  const { compatVersion } = server.config;
  return [
    label(
      "etcd_server_id",
      "The member's ID.",
      "server_id",
      () => formatId(server.memberId),
    ),
    label(
      "etcd_server_version",
      "The etcd version served.",
      "server_version",
      () => compatVersion.release,
    ),
    label(
      "etcd_server_go_version",
      "What etcd tells the version of Go by; here it is the version of Deno that runs.",
      "server_go_version",
      () => `deno${Deno.version.deno}`,
    ),
    label(
      "detcd_version",
      "The version of detcd that runs.",
      "version",
      () => DETCD_VERSION,
    ),
    gauges(
      "etcd_cluster_version",
      "The version that the cluster has agreed on.",
      () => clusterVersion(server).map((version) => [{ cluster_version: version }, 1]),
    ),
    gauges(
      "etcd_server_feature_enabled",
      "Whether a feature gate is on: 1 yes, 0 no.",
      () =>
        features.map(({ name, stage, isEnabled }) => [
          { name, stage: stage.toUpperCase() },
          Number(isEnabled),
        ]),
    ),
  ];
}

/** Major and minor number alone, as in etcd; none before the cluster has agreed on one. */
function clusterVersion({ membership }: EtcdServer): string[] {
  const version = membership.clusterVersion;
  return version === undefined ? [] : [version.split(".").slice(0, 2).join(".")];
}
