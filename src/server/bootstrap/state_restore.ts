import type { Clock } from "../../base/clock.ts";
import type { Store } from "../../core/mvcc/store.ts";
import { StoredChangeError } from "../../core/mvcc/stored_change_error.ts";
import { ChangeWalk } from "../../disk/backend/change_walk.ts";
import { readStoredAuth } from "../../disk/backend/stored_auth.ts";
import type { StoredState } from "../../disk/backend/stored_state.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";
import type { Compaction } from "../../core/mvcc/compaction.ts";
import type { BackendFiles } from "../backend/backend_files.ts";
import { turnsWhileStarting } from "../turns.ts";
import type { MemberState } from "./opened_member.ts";

/** Fills a fresh state with what the B-tree file holds. */
export async function restoreState(
  fresh: MemberState,
  { file }: BackendFiles,
  stored: StoredState,
  clock: Clock,
): Promise<MemberState> {
  for (const lease of stored.leases) fresh.lessor.restore(lease);
  fresh.alarms.restore(stored.alarms);
  const read = file.beginRead();
  try {
    fresh.auth.restore(readStoredAuth(read));
    return { ...fresh, compaction: await restoreStore(fresh.store, read, stored, clock) };
  } finally {
    read.close();
  }
}

/** Returns the compaction that is to be gone on with. */
async function restoreStore(
  store: Store,
  read: ReadTransaction,
  stored: StoredState,
  clock: Clock,
): Promise<Compaction | undefined> {
  const restore = store.beginRestore();
  const yieldTurn = turnsWhileStarting(clock);
  const walk = new ChangeWalk(read, clock);
  const add = restore.add.bind(restore);
  try {
    while (walk.step(add)) await yieldTurn();
  } catch (error) {
    throw error instanceof StoredChangeError ? walk.damage(error.message) : error;
  }
  const { scheduledCompactRevision: scheduled, finishedCompactRevision: finished } = stored;
  while (restore.finishStep(scheduled, finished)) await yieldTurn();
  return restore.finish(scheduled, finished);
}
