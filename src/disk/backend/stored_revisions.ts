import { RevisionKeyFields } from "../../core/mvcc/revision_key.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { pairDamage } from "./pair_damage.ts";
import { Bucket } from "./schema.ts";
import { readStoredMeta } from "./stored_state.ts";

/** The revisions between which the file can be read. */
interface StoredRevisions {
  /** The main revision of the last change in the file; 0 if there is none. */
  readonly last: number;
  /** What a server that starts on the file calls its revision. */
  readonly current: number;
  /** -1 if nothing was ever compacted. */
  readonly compacted: number;
}

export function readStoredRevisions(read: ReadTransaction): StoredRevisions {
  const { scheduledCompactRevision, finishedCompactRevision } = readStoredMeta(read);
  const compacted = Math.max(scheduledCompactRevision, finishedCompactRevision);
  const last = readLastRevision(read);
  return { last, current: Math.max(1, last, compacted), compacted };
}

function readLastRevision(read: ReadTransaction): number {
  const cursor = read.bucket(Bucket.KEY)?.cursor();
  if (cursor === undefined || !cursor.last()) return 0;
  const key = new RevisionKeyFields();
  if (key.read(cursor.bytes, cursor.keyStart, cursor.valueStart)) return key.main;
  throw pairDamage(read, Bucket.KEY, cursor, "its key is no revision");
}
