import assert from "node:assert/strict";
import { bytesFromText, EMPTY_BYTES, latin1FromBytes } from "../../base/bytes.ts";
import { REVISION_KEY_BYTES } from "../../core/mvcc/revision_key.ts";
import { readFile } from "../../disk/testing/files.ts";
import {
  compact,
  DB,
  hashOfMemory,
  overwrite,
  putMany,
  readDb,
  until,
  watchEnd,
  withMember,
} from "../backend/testing/member_fixtures.ts";
import { WatchedDisk } from "../backend/testing/watched_disk.ts";
import { put } from "../testing/server_fixtures.ts";
import {
  changeDb,
  copyOf,
  failureOf,
  refusalOf,
  withUnstarted,
} from "./testing/bootstrap_fixtures.ts";

const PAGE_BYTES = 4_096;
const INITIAL_CHECK = {
  corruptionChecks: { initial: true, intervalMs: 0, compactHashIntervalMs: 0 },
};

/** The disk of a member that has stopped, with a few pages of pairs in its file. */
function stoppedMember(): Promise<WatchedDisk> {
  return withMember({}, ({ server }) => putMany(server, "k", 100, 200));
}

/** The same with hundreds of pages, of which few are in use. */
async function memberWithFreePages(): Promise<WatchedDisk> {
  return await withMember({}, async ({ server, clock }) => {
    for (let i = 0; i < 10; i++) await putMany(server, "k", 50, 1_000);
    await server.backend.checkpoint();
    const { removed } = await compact(server, server.store.currentRevision);
    const end = watchEnd(removed);
    await until(() => {
      clock.advance(10);
      return end.ended;
    }, "the compaction ends");
    await put(server, "freed", "1");
  });
}

Deno.test("a file with data but without its log is refused, and nothing is written", async () => {
  const disk = await stoppedMember();
  disk.removeTree("/data/member/wal");
  const before = readFile(disk, DB);
  const message = await refusalOf(disk);
  assert.match(
    message,
    /^Cannot use the data directory of \/data\/member\/snap\/db: this file holds/,
  );
  assert.match(message, /the log that belongs to it is missing.*utl snapshot restore/);
  assert.deepEqual(readFile(disk, DB), before);
  assert.equal(disk.stat("/data/member/wal"), undefined);
});

Deno.test("a member that was killed before it had a log is founded again", async () => {
  const disk = new WatchedDisk();
  disk.failNext(/^create .*wal/, "EIO");
  assert.match(await failureOf(disk), /EIO/);
  assert.ok(disk.stat(DB) !== undefined);
  await withMember({}, async ({ server }) => {
    assert.equal(await put(server, "a", "1"), 2);
  }, disk);
});

Deno.test("a member starts with the users and roles that are in its file", async () => {
  const disk = await stoppedMember();
  await changeDb(disk, (batch) => {
    const root = { name: "root", passwordHash: EMPTY_BYTES, roles: ["root"], options: undefined };
    const changes = { enabled: true, revision: 7, users: [root], roles: [] };
    batch.putAuth({ ...changes, goneUsers: [], goneRoles: [] });
  });
  await withUnstarted(disk, {}, ({ auth }) => {
    assert.deepEqual([auth.enabled, auth.revision, auth.store.userNames()], [true, 7, ["root"]]);
  });
});

Deno.test("data that do not tell the auth revision any more are refused", async () => {
  const disk = await stoppedMember();
  await changeDb(disk, (_batch, write) => {
    write.bucket("auth")?.delete(bytesFromText("authRevision"));
  });
  assert.match(await refusalOf(disk), /\/data\/member\/snap\/db.*the revision of users and roles/);
});

Deno.test("a flag of authentication that etcd cannot have written refuses the start", async () => {
  const disk = await stoppedMember();
  await changeDb(disk, (_batch, write) => {
    write.bucket("auth")?.put(bytesFromText("authEnabled"), Uint8Array.of(2));
  });
  assert.match(await refusalOf(disk), /\/data\/member\/snap\/db.*neither 0 nor 1/);
});

Deno.test("the initial corruption check refuses a damaged page with file and place", async () => {
  const disk = await stoppedMember();
  await withUnstarted(copyOf(disk), INITIAL_CHECK, (server) => {
    assert.equal(server.store.currentRevision, 101);
  });
  const position = latin1FromBytes(readFile(disk, DB)).lastIndexOf("k50");
  const page = position - position % PAGE_BYTES;
  // The revision stands before the pair, whose first field is the key; now it is out of order.
  overwrite(disk, DB, position - "\n\x03".length - REVISION_KEY_BYTES + 7, Uint8Array.of(0xff));
  const message = await refusalOf(disk, INITIAL_CHECK);
  assert.match(message, /^Cannot use \/data\/member\/snap\/db at byte \d+: /);
  const offset = Number(/at byte (\d+)/.exec(message)?.[1]);
  assert.ok(offset >= page && offset < page + PAGE_BYTES, message);
  assert.match(message, /Restore this member from a backup$/);
});

Deno.test("a start notices a damaged page without the check, too", async () => {
  const disk = await stoppedMember();
  const position = latin1FromBytes(readFile(disk, DB)).lastIndexOf("k50");
  const page = position - position % PAGE_BYTES;
  overwrite(disk, DB, page + 8, Uint8Array.of(0xff, 0xff));
  const message = await refusalOf(disk);
  assert.equal(Number(/snap\/db at byte (\d+)/.exec(message)?.[1]), page, message);
});

Deno.test("a start defragments from bootstrapDefragThresholdBytes of free space on", async () => {
  const disk = await memberWithFreePages();
  const sizeBefore = disk.stat(DB)?.sizeBytes ?? 0;
  const content = await readDb(disk);
  let freeBytes = 0;
  await withUnstarted(copyOf(disk), {}, ({ backend }) => {
    freeBytes = backend.sizeBytes - backend.inUseBytes;
  });
  assert.ok(freeBytes > sizeBefore / 2, `${freeBytes} of ${sizeBefore}`);

  for (const thresholdBytes of [0, -1, freeBytes + 1]) {
    const copy = copyOf(disk);
    const backend = { bootstrapDefragThresholdBytes: thresholdBytes };
    await withUnstarted(copy, { backend }, () => {});
    assert.equal(copy.stat(DB)?.sizeBytes, sizeBefore);
  }
  const backend = { bootstrapDefragThresholdBytes: freeBytes };
  await withMember({ backend }, async ({ server }) => {
    assert.ok((disk.stat(DB)?.sizeBytes ?? 0) < sizeBefore / 2);
    assert.deepEqual(await readDb(disk), content);
    await put(server, "after", "1");
    await server.backend.checkpoint();
    assert.equal((await readDb(disk)).hashKv, hashOfMemory(server));
  }, disk);
});

Deno.test("a start makes safe what it has found before it writes", async () => {
  const disk = await stoppedMember();
  const from = disk.steps.length;
  await withUnstarted(disk, {}, () => {});
  const steps = disk.steps.slice(from);
  const firstWrite = steps.findIndex((step) =>
    /^write .*\.(wal|snap|tmp)$|^write .*\/db$/.test(step)
  );
  const before = firstWrite < 0 ? steps : steps.slice(0, firstWrite);
  for (const path of [DB, "/data/member", "/data/member/wal", "/data/member/snap"]) {
    assert.ok(before.includes(`sync ${path}`), `${path} is synced: ${before.join(", ")}`);
  }
});
