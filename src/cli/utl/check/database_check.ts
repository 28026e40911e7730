import { StoredPairFields } from "../../../core/mvcc/stored_pair_fields.ts";
import { ChangeWalk } from "../../../disk/backend/change_walk.ts";
import { readStoredState, type StoredState } from "../../../disk/backend/stored_state.ts";
import type { ReadTransaction } from "../../../disk/btree/read_transaction.ts";
import { Bucket, BUCKET_NAMES } from "../../../disk/backend/schema.ts";
import { DecodeError } from "../../../pb/decode_error.ts";
import { Role, User } from "../../../pb/authpb.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import type { UtlContext } from "../context.ts";
import { withTree } from "../database.ts";
import type { Findings } from "./findings.ts";

/**
 * Checks every page of a B-tree file and, if the tree can be walked, every pair. Returns what the
 * file says beside the changes of keys.
 */
export async function checkDatabase(
  context: UtlContext,
  fileSystem: FileSystem,
  path: string,
  findings: Findings,
): Promise<StoredState | undefined> {
  return await findings.attempt(() =>
    withTree(context, fileSystem, path, async (tree, read) => {
      if (tree.warning !== undefined) findings.notes.push(`${path}: ${tree.warning}`);
      const damages = await tree.check();
      for (const { offset, what } of damages) findings.add(path, offset, what);
      // What follows would only say the same in other words.
      if (damages.length > 0) return undefined;
      checkBuckets(read, findings);
      const lastRevision = await findings.attempt(() => checkChanges(context, read, findings));
      const state = await findings.attempt(() => readStoredState(read));
      await findings.attempt(() => checkAuth(read, findings));
      if (state !== undefined && lastRevision !== undefined) {
        checkCompaction(path, state, lastRevision, findings);
      }
      return state;
    })
  );
}

function checkBuckets(read: ReadTransaction, findings: Findings): void {
  const names = read.bucketNames();
  for (const name of [Bucket.KEY, Bucket.META]) {
    if (!names.includes(name)) findings.add(read.path, undefined, `the bucket ${name} is missing`);
  }
  const foreign = names.filter((name) => !BUCKET_NAMES.includes(name));
  if (foreign.length > 0) {
    findings.notes.push(`${read.path}: there are buckets that are not etcd's: ${foreign.join()}`);
  }
}

/** Returns the last revision. */
function checkChanges(context: UtlContext, read: ReadTransaction, findings: Findings): number {
  const walk = new ChangeWalk(read, context.io.clock);
  const keyValue = new StoredPairFields();
  let last = 0;
  while (
    walk.step((main, _sub, tombstone, bytes, start, end) => {
      last = main;
      // A restored backup may have raised the revision by a put of nothing.
      if (start === end && !tombstone) return;
      const isRead = tombstone
        ? keyValue.readKey(bytes, start, end)
        : keyValue.readPut(bytes, start, end, main);
      if (!isRead) findings.addError(walk.damage("its value is no pair of that revision"));
    })
  );
  return last;
}

/** Users and roles, which the stored state leaves out. */
function checkAuth(read: ReadTransaction, findings: Findings): void {
  for (const [bucket, codec] of [[Bucket.AUTH_USERS, User], [Bucket.AUTH_ROLES, Role]] as const) {
    const cursor = read.bucket(bucket)?.cursor();
    for (let found = cursor?.first(); found === true; found = cursor?.next()) {
      try {
        if (cursor !== undefined) codec.decode(cursor.value.slice());
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        findings.add(read.path, undefined, `the bucket ${bucket}: ${error.message}`);
      }
    }
  }
}

function checkCompaction(
  path: string,
  state: StoredState,
  lastRevision: number,
  findings: Findings,
): void {
  const { scheduledCompactRevision: scheduled, finishedCompactRevision: finished } = state;
  if (finished > scheduled) {
    const what = `the compaction of ${finished} is finished, but only ${scheduled} was wanted`;
    findings.add(path, undefined, what);
  } else if (scheduled > finished) {
    findings.notes.push(`${path}: the compaction of ${scheduled} goes on when a server starts`);
  }
  if (scheduled > lastRevision) {
    // All keys may have been deleted and their tombstones removed.
    findings.notes.push(
      `${path}: the compacted revision ${scheduled} is above the last change, ${lastRevision}`,
    );
  }
}
