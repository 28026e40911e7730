import { CompatVersion } from "./compat_version.ts";
import { type DowngradeInfo, isOneBelow } from "./downgrade.ts";

/** A cluster version that this program must not run in. */
export class ClusterVersionRefused extends Error {
  override name = "ClusterVersionRefused";
}

/**
 * Throws ClusterVersionRefused for a version above all that this program knows: the members of
 * such a cluster may write what it would misread.
 */
export function checkClusterVersion(version: string): void {
  if (CompatVersion.newest.runsIn(version)) return;
  throw new ClusterVersionRefused(
    `Cannot run in a cluster of version ${version}: this detcd runs in clusters of up to ` +
      `${CompatVersion.newest.line} (invalid downgrade). Start a newer detcd on this data`,
  );
}

/**
 * The version that a cluster of one such member is to go to, as etcd's leader decides it;
 * undefined if it is to stay where it is.
 */
export function decideClusterVersion(
  clusterVersion: string | undefined,
  { enabled, targetVersion }: DowngradeInfo,
  own: CompatVersion,
): string | undefined {
  if (clusterVersion === undefined || !own.runsIn(clusterVersion)) return own.clusterVersion;
  if (enabled) {
    const isNext = isOneBelow(targetVersion, clusterVersion) &&
      isOneBelow(targetVersion, own.clusterVersion);
    return isNext ? targetVersion : undefined;
  }
  return clusterVersion === own.clusterVersion ? undefined : own.clusterVersion;
}
