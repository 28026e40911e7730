import { CompatVersion } from "./compat_version.ts";

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
