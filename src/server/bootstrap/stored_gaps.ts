import { bytesFromLatin1 } from "../../base/bytes.ts";
import { AUTH_REVISION_KEY, Bucket, BUCKET_NAMES } from "../../disk/backend/schema.ts";
import type { StoredState } from "../../disk/backend/stored_state.ts";
import { damage } from "../../disk/btree/damage.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";

/**
 * Throws a DiskError if something is missing that is in every file that a member has used. The
 * format has no checksums for it: a bucket whose name was damaged looks like one that never was,
 * and the member would start without what is in it.
 */
export function refuseGaps(read: ReadTransaction, stored: StoredState): void {
  const names = new Set(read.bucketNames());
  if (names.size === 0) return;
  for (const name of BUCKET_NAMES) {
    if (!names.has(name)) throw damage(read.path, undefined, `the bucket ${name} is missing`);
  }
  if (stored.consistentIndex === 0 && hasChanges(read)) {
    throw damage(read.path, undefined, "it has data, but does not say up to which log entry");
  }
  const authRevision = read.bucket(Bucket.AUTH)?.get(bytesFromLatin1(AUTH_REVISION_KEY));
  if (stored.consistentIndex > 0 && authRevision === undefined) {
    throw damage(read.path, undefined, "it does not tell the revision of users and roles");
  }
  // Older versions kept the members elsewhere, and what is here may be of another cluster.
  const needsMembers = stored.consistentIndex > 0 && stored.storageVersion !== undefined;
  if (needsMembers && stored.members.length === 0) {
    throw damage(read.path, undefined, "it has no members");
  }
}

function hasChanges(read: ReadTransaction): boolean {
  return read.bucket(Bucket.KEY)?.cursor().first() === true;
}
