import { CompatVersion } from "../../../core/members/compat_version.ts";
import { boolFlag, type Flag, int64Flag, stringFlag } from "../../ctl/flags/flag.ts";
import { compatVersionFlag } from "../compat_version.ts";

const DEFAULT_PEER_URL = "http://localhost:2380";

/** What a backup is to become. */
export const RESTORE_FLAGS: readonly Flag[] = [
  stringFlag("data-dir", "", "Path to the output data directory"),
  stringFlag("wal-dir", "", "Path to the WAL directory (use --data-dir if none given)"),
  stringFlag(
    "initial-cluster",
    `default=${DEFAULT_PEER_URL}`,
    "Initial cluster configuration for restore bootstrap",
  ),
  stringFlag(
    "initial-cluster-token",
    "etcd-cluster",
    "Initial cluster token for the etcd cluster during restore bootstrap",
  ),
  stringFlag(
    "initial-advertise-peer-urls",
    DEFAULT_PEER_URL,
    "List of this member's peer URLs to advertise to the rest of the cluster",
  ),
  stringFlag("name", "default", "Human-readable name for this member"),
  boolFlag(
    "skip-hash-check",
    "Ignore snapshot integrity hash value (required if copied from data directory)",
  ),
  int64Flag("initial-memory-map-size", "Accepted and ignored: files are not mapped into memory"),
  int64Flag("bump-revision", "How much to increase the latest revision after restore"),
  boolFlag(
    "mark-compacted",
    "Mark the latest revision after restore as the point of scheduled compaction " +
      "(required if --bump-revision > 0, disallowed otherwise)",
  ),
  compatVersionFlag(CompatVersion.newest.line, "The etcd that can start on the directory"),
];
