import manifest from "../../deno.json" with { type: "json" };

/** detcd's own version, as `--version` and the metric `detcd_version` tell it. */
export const DETCD_VERSION: string = manifest.version;

/** The etcd release whose API clients find here; Kubernetes and others switch features by it. */
export const ETCD_VERSION = "3.7.1";

/** The cluster version that a cluster of such members agrees on. */
export const ETCD_CLUSTER_VERSION = "3.7.0";
