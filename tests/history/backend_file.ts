import assert from "node:assert/strict";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { hashKvOfFile } from "../../src/disk/backend/file_hash_kv.ts";
import { BTreeFile } from "../../src/disk/btree/btree_file.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import { MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import type { ServerPair } from "./server_pair.ts";

const OPTIONS = { clock: systemClock, yieldTurn: () => setImmediate(), readOnly: true };

/** Ends detcd and looks at its file, which must be whole and hold what etcd holds. */
export async function compareBackendFile({ etcd, detcd }: ServerPair, at: string): Promise<void> {
  const { hash, compactRevision } = await etcd.client.call(MAINTENANCE_SERVICE.hashKv);
  // Afterwards, everything that was answered is in the file.
  await detcd.client.call(MAINTENANCE_SERVICE.defragment);
  await detcd.stop();
  const path = join(detcd.server.dataDir, "member", "snap", "db");
  const file = await BTreeFile.open(new DenoFileSystem(), path, OPTIONS);
  try {
    assert.deepEqual(await file.check(), [], `${at}, the file`);
    const read = file.beginRead();
    const stored = await hashKvOfFile(read, 0, OPTIONS);
    read.close();
    assert.deepEqual(
      { hash: stored.hash, compactRevision: stored.compactRevision },
      { hash, compactRevision },
      `${at}, the hash of the file`,
    );
  } finally {
    await file.close();
  }
}
