import assert from "node:assert/strict";
import { join } from "node:path";
import { CompatVersion } from "../../core/members/compat_version.ts";
import {
  listSnapFiles,
  parseSnapFileName,
  readSnapFile,
  writeSnapFile,
} from "../../disk/snap_file.ts";
import { Snapshot } from "../../pb/raftpb.ts";
import {
  type MemberOptions,
  overwrite,
  putMany,
  SNAP,
  withMember,
} from "../backend/testing/member_fixtures.ts";
import type { WatchedDisk } from "../backend/testing/watched_disk.ts";
import { get } from "../testing/server_fixtures.ts";
import { failureOf, refusalOf, withUnstarted } from "./testing/bootstrap_fixtures.ts";

const RESTART = "restarting a member";
const OLD: MemberOptions = { compatVersion: CompatVersion.of("3.4") ?? CompatVersion.newest };

/** A member that stopped with two snapshots and a tail of the log behind them. */
async function withTwoSnapshots(options: MemberOptions = {}): Promise<WatchedDisk> {
  const backend = { snapshotCount: 10 };
  return await withMember({ ...options, backend }, async ({ server, clock, disk }) => {
    for (const prefix of ["a", "b"]) {
      await server.backend.checkpoint();
      clock.advance(1_000);
      await putMany(server, prefix, 10);
      await server.backend.checkpoint();
    }
    await putMany(server, "tail", 5);
    assert.equal(listSnapFiles(disk, SNAP).length, 2);
  });
}

/** The indexes of the snapshot files, newest first. */
function snapshotIndexes(disk: WatchedDisk): number[] {
  return listSnapFiles(disk, SNAP).map((name) => parseSnapFileName(name).index);
}

function damageNewest(disk: WatchedDisk): string {
  const path = join(SNAP, listSnapFiles(disk, SNAP)[0]);
  overwrite(disk, path, 20, Uint8Array.of(255, 255));
  return path;
}

async function expectAllKeys(disk: WatchedDisk, options: MemberOptions = {}): Promise<void> {
  await withMember(options, ({ server }) => {
    assert.equal(get(server, "a0")?.value, "0 vvvvvvvv");
    assert.equal(get(server, "b9")?.value, "9 vvvvvvvv");
    assert.equal(get(server, "tail4")?.revision, 26);
    return Promise.resolve();
  }, disk);
}

for (const [name, options] of [["3.7", {}], ["3.4", OLD]] as const) {
  Deno.test(`a restart as ${name} reads the log behind the newest snapshot`, async () => {
    const disk = await withTwoSnapshots(options);
    await withUnstarted(disk, options, (_server, logger) => {
      const fields = logger.fieldsOf(RESTART);
      assert.equal(fields["snapshot-index"], snapshotIndexes(disk)[0]);
      assert.equal(Number(fields["consistent-index"]) - snapshotIndexes(disk)[0], fields.entries);
    });
    await expectAllKeys(disk, options);
  });

  Deno.test(`a restart as ${name} puts a broken snapshot aside and takes the older one`, async () => {
    const disk = await withTwoSnapshots(options);
    const older = snapshotIndexes(disk)[1];
    const path = damageNewest(disk);
    await withUnstarted(disk, options, (_server, logger) => {
      assert.equal(logger.fieldsOf(RESTART)["snapshot-index"], older);
      const { error } = logger.fieldsOf("put a broken snapshot file aside");
      assert.ok(String(error).includes(path), String(error));
    });
    assert.ok(disk.stat(`${path}.broken`) !== undefined);
    assert.equal(disk.stat(path), undefined);
    await expectAllKeys(disk, options);
  });
}

Deno.test("a restart passes over a snapshot that the log has no record of", async () => {
  const disk = await withTwoSnapshots();
  const newest = snapshotIndexes(disk)[0];
  const path = join(SNAP, listSnapFiles(disk, SNAP)[0]);
  const { data, metadata } = readSnapFile(disk, path);
  // As if the power had gone between the file and the record.
  const unrecorded = Snapshot.create({ data, metadata: { ...metadata, index: newest + 2 } });
  await writeSnapFile(disk, SNAP, unrecorded);
  await withUnstarted(disk, {}, (_server, logger) => {
    assert.equal(logger.fieldsOf(RESTART)["snapshot-index"], newest);
  });
  await expectAllKeys(disk);
});

Deno.test("a restart finds the snapshot in the log where there are no files of them", async () => {
  const disk = await withTwoSnapshots();
  const newest = snapshotIndexes(disk)[0];
  for (const name of listSnapFiles(disk, SNAP)) disk.remove(join(SNAP, name));
  await withUnstarted(disk, {}, (server, logger) => {
    assert.equal(logger.fieldsOf(RESTART)["snapshot-index"], newest);
    assert.equal(server.membership.list().length, 1);
  });
  await expectAllKeys(disk);
});

Deno.test("a restart as 3.4 needs the snapshot's file, which says who the members are", async () => {
  const disk = await withTwoSnapshots(OLD);
  const newest = snapshotIndexes(disk)[0];
  for (const name of listSnapFiles(disk, SNAP)) disk.remove(join(SNAP, name));
  const message = await refusalOf(disk, OLD);
  assert.ok(
    message.startsWith(
      `Cannot read who the members are from the snapshot of index ${newest} in ${SNAP}: `,
    ),
    message,
  );
  assert.match(message, /Put the file back, or restore this member from a backup$/);
});

Deno.test("a disk that fails to read says nothing about a snapshot", async () => {
  const disk = await withTwoSnapshots();
  const names = listSnapFiles(disk, SNAP);
  disk.failNext(new RegExp(`^read .*${names[0]}$`), "EIO");
  assert.match(await failureOf(disk), /^Cannot read .*\.snap: .*EIO/);
  assert.deepEqual(listSnapFiles(disk, SNAP), names);
  await expectAllKeys(disk);
});
