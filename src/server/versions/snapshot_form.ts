import type { CompatVersion } from "../../core/members/compat_version.ts";
import { decodeV2Store, type V2StoreContents } from "../../core/members/v2_store_json.ts";

/** The first 3.x that does not look at what a Raft snapshot says of the members. */
const FIRST_MINOR_WITHOUT_V2_STORE = 7;
/** The last 3.x that takes the cluster version from there. */
const LAST_MINOR_WITH_VERSION = 5;

/**
 * Whether an etcd of the given version starts from a Raft snapshot with this data, which is a dump
 * of the v2 store. `firstUnreadableEntry` tells the same of the log behind it.
 */
export function isSnapshotReadable(
  data: Uint8Array | undefined,
  version: CompatVersion,
): boolean {
  if (version.minor >= FIRST_MINOR_WITHOUT_V2_STORE) return true;
  const contents = contentsOf(data ?? new Uint8Array(0));
  if (contents === undefined) return false;
  const { clusterVersion, hasUserKeys } = contents;
  if (version.minor > LAST_MINOR_WITH_VERSION) return !hasUserKeys;
  return clusterVersion === undefined || version.runsIn(clusterVersion);
}

function contentsOf(data: Uint8Array): V2StoreContents | undefined {
  try {
    return decodeV2Store(data);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
