import assert from "node:assert/strict";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { decodeV2Store } from "../../core/members/v2_store_json.ts";
import { listSnapFiles, readSnapFile } from "../../disk/snap_file.ts";
import { putMany, readDb, SNAP, withMember } from "../backend/testing/member_fixtures.ts";
import type { WatchedDisk } from "../backend/testing/watched_disk.ts";
import { get } from "../testing/server_fixtures.ts";

function versionOf(line: string): CompatVersion {
  const version = CompatVersion.of(line);
  assert.ok(version !== undefined);
  return version;
}

/** Runs a member that presents a version until it has published itself, and has it stop. */
async function runAs(line: string, disk?: WatchedDisk): Promise<WatchedDisk> {
  return await withMember({ compatVersion: versionOf(line) }, async ({ server, clock }) => {
    assert.equal(server.membership.clusterVersion, `${line}.0`);
    await putMany(server, `as ${line} `, 3);
    clock.advance(1_000);
    await server.backend.checkpoint();
  }, disk);
}

Deno.test("the file says its form from 3.6 on, and nothing before", async () => {
  for (
    const [line, storageVersion] of [
      ["3.4", undefined],
      ["3.5", undefined],
      ["3.6", "3.6.0"],
      ["3.7", "3.7.0"],
    ] as const
  ) {
    const file = await readDb(await runAs(line));
    assert.equal(file.storageVersion, storageVersion);
    assert.equal(file.clusterVersion, `${line}.0`);
  }
});

Deno.test("a member that stays with its version makes no snapshot at the start", async () => {
  for (const line of ["3.4", "3.7"]) {
    const disk = await runAs(line);
    await runAs(line, disk);
    assert.deepEqual(listSnapFiles(disk, SNAP), []);
  }
});

for (const [from, to] of [["3.7", "3.4"], ["3.7", "3.5"], ["3.6", "3.5"], ["3.4", "3.7"]]) {
  Deno.test(`a member that goes from ${from} to ${to} leaves the old log behind`, async () => {
    const disk = await runAs(from);
    await runAs(to, disk);
    const names = listSnapFiles(disk, SNAP);
    assert.equal(names.length, 1, "one snapshot was made, without waiting for snapshot-count");
    const { data } = readSnapFile(disk, `${SNAP}/${names[0]}`);
    assert.equal(decodeV2Store(data ?? new Uint8Array(0)).clusterVersion, `${to}.0`);
    const file = await readDb(disk);
    assert.equal(file.storageVersion, versionOf(to).storageVersion);
    assert.equal(file.clusterVersion, `${to}.0`);
    assert.equal(file.changes.length, 6);
    await withMember({ compatVersion: versionOf(to) }, async ({ server, clock }) => {
      assert.equal(get(server, `as ${from} 2`)?.value, "2 vvvvvvvv");
      clock.advance(2_000);
      await server.backend.checkpoint();
      assert.equal(listSnapFiles(disk, SNAP).length, 1, "the next start finds all well");
    }, disk);
  });
}
