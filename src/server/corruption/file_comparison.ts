import type { Clock } from "../../base/clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import { type FileHashKv, hashKvOfFile } from "../../disk/backend/file_hash_kv.ts";
import type { Backend } from "../backend/backend.ts";
import type { HashedRevision, HashQueue } from "../hash_queue.ts";

/** What a comparison needs. */
export interface ComparedState {
  readonly backend: Backend;
  readonly hashes: HashQueue;
  readonly clock: Clock;
}

/**
 * Compares what the B-tree file holds with the state in memory. Returns what differs, or undefined
 * if nothing does or if a compaction came in between. Throws a DiskError for a file that cannot be
 * read, and etcd's `stopped` when the server stops meanwhile.
 */
export async function compareWithMemory(state: ComparedState): Promise<string | undefined> {
  const file = await hashOfFile(state);
  const memory = await hashOfMemory(state.hashes, file.hashRevision);
  if (memory === undefined || memory.compactRevision !== file.compactRevision) return undefined;
  return difference(state.backend, file, memory.hash);
}

function difference(backend: Backend, file: FileHashKv, hash: number): string | undefined {
  if (file.hash === hash) return undefined;
  return `the hash of ${backend.file.path} at revision ${file.hashRevision} is ${file.hash}, ` +
    `but it should be ${hash}`;
}

function hashOfFile({ backend, clock }: ComparedState): Promise<FileHashKv> {
  return backend.read((read, yieldTurn) => hashKvOfFile(read, 0, { clock, yieldTurn }));
}

/** Undefined if a compaction took the revision away. */
function hashOfMemory(hashes: HashQueue, revision: number): Promise<HashedRevision | undefined> {
  return new Promise((resolve, reject) => {
    hashes.add({
      revision,
      waiter: {
        hashed: (hash) => resolve(hash),
        failed: (error: EtcdError) => {
          if (error === ETCD_ERRORS.compacted) resolve(undefined);
          else reject(error);
        },
      },
    });
  });
}
