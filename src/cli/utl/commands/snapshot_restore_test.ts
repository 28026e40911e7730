import assert from "node:assert/strict";
import { bytesFromText } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import { Prng } from "../../../base/prng.ts";
import { decodeV2Store } from "../../../core/members/v2_store_json.ts";
import { computeMemberId } from "../../../core/members/member_id.ts";
import { Bucket, MetaKey } from "../../../disk/backend/schema.ts";
import { readStoredRevisions } from "../../../disk/backend/stored_revisions.ts";
import { readStoredState, type StoredState } from "../../../disk/backend/stored_state.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import type { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { readSnapFile } from "../../../disk/snap_file.ts";
import { readWal, readWalSnapshots } from "../../../disk/testing/wal_fixtures.ts";
import { Metadata } from "../../../pb/etcdserverpb.ts";
import { ConfChange } from "../../../pb/raftpb.ts";
import { yieldTurn } from "../database.ts";
import { utl, type UtlResult } from "../testing/captured_utl_io.ts";
import {
  fileSystemWith,
  flipBit,
  SAMPLE_PAGE_BYTES,
  SAMPLE_REVISION,
  sampleImage,
  withBackupHash,
  withWrongPage,
  writeFile,
} from "../testing/sample_files.ts";

const URL = "http://localhost:2380";
const ID = computeMemberId([URL], "etcd-cluster");

function restore(fileSystem: MemoryFileSystem, args: readonly string[] = []): Promise<UtlResult> {
  return utl(["snapshot", "restore", "b", "--data-dir=d", ...args], fileSystem);
}

async function restored(args: readonly string[] = []): Promise<MemoryFileSystem> {
  const fileSystem = fileSystemWith("b", withBackupHash(await sampleImage()));
  const { exitCode, out, err } = await restore(fileSystem, args);
  assert.equal(exitCode, 0, err);
  assert.equal(out, "");
  return fileSystem;
}

async function stateOf(
  fileSystem: MemoryFileSystem,
): Promise<StoredState & { readonly revision: number }> {
  const path = "d/member/snap/db";
  const options = { clock: systemClock, yieldTurn, readOnly: true };
  const file = await BTreeFile.open(fileSystem, path, options);
  const read = file.beginRead();
  try {
    return { ...readStoredState(read), revision: readStoredRevisions(read).current };
  } finally {
    read.close();
    await file.close();
  }
}

Deno.test("snapshot restore makes the directory of a new member with the old data", async () => {
  const fileSystem = await restored();
  assert.deepEqual(fileSystem.readDirectory("d"), ["member"]);
  const state = await stateOf(fileSystem);
  const member = { id: ID, peerUrls: [URL], isLearner: false, name: "default", clientUrls: [] };
  assert.deepEqual(state.members, [member]);
  assert.deepEqual(state.removedMembers, []);
  assert.equal(state.consistentIndex, 1);
  assert.equal(state.term, 1);
  assert.deepEqual(state.confState?.voters, [ID]);
  assert.equal(state.storageVersion, "3.6.0");
  assert.equal(state.clusterVersion, "3.6.0");
  assert.equal(state.revision, SAMPLE_REVISION);
  assert.equal(state.leases.length, 1);
  const snap = readSnapFile(fileSystem, "d/member/snap/0000000000000001-0000000000000001.snap");
  assert.deepEqual(snap.metadata.confState.voters, [ID]);
  assert.deepEqual(decodeV2Store(snap.data ?? new Uint8Array(0)).members, [member]);
  const [snapshot] = readWalSnapshots(fileSystem, "d/member/wal").slice(-1);
  assert.equal(snapshot.index, 1);
  assert.deepEqual(snapshot.confState?.voters, [ID]);
  const check = await utl(["check", "d"], fileSystem);
  assert.equal(check.exitCode, 0, check.out);
});

Deno.test("snapshot restore makes one of several members", async () => {
  const cluster = "a=http://a:1,b=http://b:1,b=http://b:2,c=http://c:1";
  const fileSystem = await restored([
    "--name=b",
    `--initial-cluster=${cluster}`,
    "--initial-advertise-peer-urls=http://b:2,http://b:1",
    "--initial-cluster-token=v",
    "--wal-dir=w/x",
  ]);
  const urls = [["http://a:1"], ["http://b:1", "http://b:2"], ["http://c:1"]];
  const ids = urls.map((peerUrls) => computeMemberId(peerUrls, "v"));
  const ascending = ids.toSorted((a, b) => (a < b ? -1 : 1));
  assert.notDeepEqual(ids, ascending, "the order matters");
  const state = await stateOf(fileSystem);
  assert.equal(state.consistentIndex, 3);
  assert.deepEqual(new Set(state.members.map(({ id }) => id)), new Set(ids));
  assert.deepEqual(state.confState?.voters, ascending);
  assert.deepEqual(fileSystem.readDirectory("d/member"), ["snap"]);
  const { metadata, hardState, entries } = readWal(fileSystem, "w/x", { index: 0, term: 0 });
  assert.equal(Metadata.decode(metadata).nodeId, ids[1]);
  assert.deepEqual(hardState, { term: 1, vote: ascending[0], commit: 3 });
  const added = entries.map(({ data }) => ConfChange.decode(data ?? new Uint8Array(0)).nodeId);
  assert.deepEqual(added, ascending);
  const check = await utl(["check", "d", "--wal-dir=w/x"], fileSystem);
  assert.equal(check.exitCode, 0, check.out + check.err);
});

Deno.test("snapshot restore writes for the etcd that is to start on it", async () => {
  const state = await stateOf(await restored(["--compat-version=3.5"]));
  assert.equal(state.storageVersion, undefined);
  assert.equal(state.clusterVersion, "3.5.0");
  const newer = await sampleImage((write) => {
    const meta = write.bucket(Bucket.META);
    meta?.put(bytesFromText(MetaKey.STORAGE_VERSION), bytesFromText("3.7.0"));
  });
  const disk = fileSystemWith("b", withBackupHash(newer));
  assert.equal((await restore(disk, ["--compat-version=3.6"])).exitCode, 0);
  assert.equal((await stateOf(disk)).storageVersion, "3.6.0");
  const fileSystem = await restored(["--compat-version=3.4"]);
  assert.equal(readWalSnapshots(fileSystem, "d/member/wal").at(-1)?.confState, undefined);
});

Deno.test("snapshot restore raises the revision and has what was before compacted", async () => {
  const state = await stateOf(await restored(["--bump-revision=1000", "--mark-compacted"]));
  assert.equal(state.revision, SAMPLE_REVISION + 1000);
  assert.equal(state.scheduledCompactRevision, SAMPLE_REVISION + 1000);
  assert.equal(state.finishedCompactRevision, 2);
});

Deno.test("snapshot restore refuses what cannot be", async () => {
  const cases: [args: string[], exitCode: number, err: string][] = [
    [["--bump-revision=1"], 128, "--mark-compacted required if --bump-revision > 0"],
    [["--mark-compacted"], 128, "--mark-compacted needs --bump-revision > 0"],
    [["--bump-revision=-1"], 128, "--bump-revision must not be negative"],
    [["--name=x"], 1, `couldn't find local name "x" in the initial cluster configuration`],
    [["--initial-cluster="], 1, `couldn't find local name "default" in the initial cluster`],
    [["--initial-cluster=default=localhost:1"], 1, "URL scheme must be http, https, unix, or"],
    [
      ["--initial-cluster=default=http://a:1"],
      1,
      "--initial-cluster has default=http://a:1 but missing from " +
      "--initial-advertise-peer-urls=http://localhost:2380",
    ],
    [
      [`--initial-advertise-peer-urls=${URL},http://a:1`],
      1,
      `--initial-advertise-peer-urls has http://a:1 but missing from --initial-cluster=default=`,
    ],
    [[`--initial-cluster=default=${URL},b=${URL}`], 1, "initial cluster b=http://localhost:2380,"],
  ];
  const fileSystem = fileSystemWith("b", withBackupHash(await sampleImage()));
  for (const [args, exitCode, err] of cases) {
    const result = await restore(fileSystem, args);
    assert.equal(result.exitCode, exitCode, args.join(" "));
    assert(result.err.startsWith(`Error: ${err}`), `${args.join(" ")}: ${result.err}`);
    assert.equal(fileSystem.stat("d"), undefined);
  }
});

Deno.test("snapshot restore leaves alone what is there", async () => {
  const fileSystem = fileSystemWith("b", withBackupHash(await sampleImage()));
  fileSystem.makeDirectory("d");
  writeFile(fileSystem, "d/mine", new Uint8Array(1));
  const used = await restore(fileSystem);
  assert.equal(used.exitCode, 1);
  assert.match(used.err, /^Error: data-dir "d" not empty or could not be read\./);
  assert.deepEqual(fileSystem.readDirectory("d"), ["mine"]);
  fileSystem.remove("d/mine");
  fileSystem.makeDirectory("w");
  const wal = await restore(fileSystem, ["--wal-dir=w"]);
  assert.equal(wal.err, `Error: wal-dir "w" exists\n`);
  // An empty directory, and what an interrupted attempt has left, are no obstacle.
  fileSystem.makeDirectory("d/member.restoring");
  writeFile(fileSystem, "d/member.restoring/rest", new Uint8Array(1));
  assert.equal((await restore(fileSystem)).exitCode, 0);
  assert.deepEqual(fileSystem.readDirectory("d"), ["member"]);
});

Deno.test("snapshot restore refuses a backup without its hash unless it is told not to", async () => {
  const fileSystem = fileSystemWith("b", await sampleImage());
  const refused = await restore(fileSystem);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.err, /^Error: snapshot missing hash but --skip-hash-check=false\. /);
  assert.equal(fileSystem.stat("d"), undefined);
  assert.equal((await restore(fileSystem, ["--skip-hash-check"])).exitCode, 0);
});

Deno.test("snapshot restore refuses a backup in which a bit has turned over", async () => {
  const backup = withBackupHash(await sampleImage());
  const prng = new Prng(2);
  for (let i = 0; i < 50; i++) {
    const bit = prng.between(0, backup.length * 8 - 1);
    const fileSystem = fileSystemWith("b", flipBit(backup, bit));
    const { exitCode, err } = await restore(fileSystem);
    assert.equal(exitCode, 1, `bit ${bit}`);
    assert.match(err, /\nError: expected sha256 /);
    assert.deepEqual(fileSystem.readDirectory("d"), []);
  }
  // Without the hash, what the pages say of themselves must do.
  const { image: damaged, pageId } = withWrongPage(await sampleImage());
  const fileSystem = fileSystemWith("b", damaged);
  const { exitCode, err } = await restore(fileSystem, ["--skip-hash-check"]);
  assert.equal(exitCode, 1);
  assert(err.includes(`b: byte ${pageId * SAMPLE_PAGE_BYTES}: page ${pageId} says`), err);
  assert.deepEqual(fileSystem.readDirectory("d"), []);
});
