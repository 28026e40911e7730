import assert from "node:assert/strict";
import { join } from "node:path";
import { bytesEqual } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { CompatVersion } from "../../src/core/members/compat_version.ts";
import { decodeMember, type Member } from "../../src/core/members/member.ts";
import { Membership } from "../../src/core/members/membership.ts";
import { v2AttributesPath } from "../../src/core/members/v2_keys.ts";
import { decodeV2Store, encodeV2Store } from "../../src/core/members/v2_store_json.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import { listSnapFiles, readSnapFile, writeSnapFile } from "../../src/disk/snap_file.ts";
import { openWal } from "../../src/disk/wal_opening.ts";
import { readWal } from "../../src/disk/testing/wal_fixtures.ts";
import { WalReplay } from "../../src/disk/wal_replay.ts";
import { Request } from "../../src/pb/etcdserverpb.ts";
import { ConfChange, type Entry, EntryType, type Snapshot } from "../../src/pb/raftpb.ts";
import { firstUnreadableEntry } from "../../src/server/versions/entry_forms.ts";
import { decodeMembershipOperation, decodeOperation } from "../../src/server/operations/decode.ts";
import { layoutOf } from "../../src/server/operations/entry_layout.ts";
import { ctlFields, ctlLines } from "../harness/etcdctl.ts";
import { httpRequest } from "../harness/http1.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);
const test = { ignore: missing !== undefined };

const fileSystem = new DenoFileSystem();
const BEGINNING = { index: 0, term: 0 };
/** So few entries lie between two snapshots that a few puts make one. */
const flags = ["--snapshot-count=5"];
const PEER_URL = "http://127.0.0.1:7";

async function withEtcd(use: (server: ServerProcess) => Promise<void>): Promise<void> {
  const server = await ServerProcess.start("etcd", { flags });
  try {
    await use(server);
  } finally {
    await server.dispose();
  }
}

async function putSome(server: ServerProcess, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await ctlLines(server, ["put", `k${i}`, "v"]);
}

function walDirectory(server: ServerProcess): string {
  return join(server.dataDir, "member", "wal");
}

function entriesOf(server: ServerProcess): readonly Entry[] {
  return readWal(fileSystem, walDirectory(server), BEGINNING).entries;
}

function newestSnapshot(server: ServerProcess): Snapshot {
  const directory = join(server.dataDir, "member", "snap");
  return readSnapFile(fileSystem, join(directory, listSnapFiles(fileSystem, directory)[0]));
}

function restored(snapshot: Snapshot): Membership {
  const membership = new Membership(1n);
  const { members, removed, clusterVersion } = decodeV2Store(snapshot.data ?? new Uint8Array(0));
  membership.restore(members, removed, clusterVersion);
  return membership;
}

/** The members as a server tells them, in the order of their IDs. */
async function membersOf(server: ServerProcess): Promise<string[]> {
  const lines = await ctlLines(server, ["member", "list"]);
  return lines.map((line) => line.replace(/, started|, unstarted/, "")).sort();
}

/** Members in the form of `membersOf`. */
function listed(members: readonly Member[]): string[] {
  const lines = members.map(({ id, name, peerUrls, clientUrls, isLearner }) =>
    [id.toString(16), name, peerUrls.join(), clientUrls.join(), isLearner].join(", ")
  );
  return lines.sort();
}

function bareRequests(entries: readonly Entry[]): Uint8Array[] {
  return entries.flatMap(({ type, data }) =>
    type === EntryType.EntryNormal && data !== undefined && layoutOf(data).isBareV2 ? [data] : []
  );
}

/** Who the members are, from the log alone: the first entry adds one, others publish it. */
function membershipFromLog(entries: readonly Entry[]): Membership {
  const membership = new Membership(1n);
  const { context = new Uint8Array(0) } = ConfChange.decode(entries[0].data ?? new Uint8Array(0));
  membership.add(decodeMember(context));
  for (const { type, data } of entries) {
    if (type !== EntryType.EntryNormal || data === undefined) continue;
    decodeMembershipOperation(data)?.applyTo(membership);
  }
  return membership;
}

function unreadableMethod(entries: readonly Entry[], line: string): string | undefined {
  const version = CompatVersion.of(line);
  assert.ok(version !== undefined);
  const entry = firstUnreadableEntry(entries, version);
  return entry && Request.decode(entry.data ?? new Uint8Array(0)).method;
}

Deno.test({
  ...test,
  name: "decodeOperation() reads every entry that real etcd writes",
  fn: () =>
    withEtcd(async (server) => {
      const { status } = await httpRequest(server.clientPort, "/health");
      assert.equal(status, 200);
      const [grant] = await ctlLines(server, ["lease", "grant", "600"]);
      const lease = grant.split(" ")[1];
      await ctlLines(server, ["put", "a", "1", `--lease=${lease}`]);
      await ctlLines(server, ["txn"], 'version("a") = "1"\n\nput a 2\n\ndel a\n\n');
      await ctlLines(server, ["del", "a"]);
      await ctlLines(server, ["compaction", "3"]);
      await ctlLines(server, ["user", "list"]);
      await ctlLines(server, ["alarm", "list"]);
      await ctlLines(server, ["lease", "revoke", lease]);
      const members = await membersOf(server);
      await server.stop();

      const entries = entriesOf(server);
      const fields = new Set<number>();
      for (const { type, index, data } of entries) {
        if (type !== EntryType.EntryNormal || data === undefined) continue;
        fields.add(decodeOperation(data, index).field);
      }
      assert.deepEqual([...fields].sort((a, b) => a - b), [2, 4, 5, 6, 7, 8, 9, 10, 1106]);
      const bare = bareRequests(entries);
      const methods = new Set(bare.map((data) => Request.decode(data).method));
      assert.deepEqual([...methods].sort(), ["PUT", "QGET"]);
      for (const data of bare) assert.ok(bytesEqual(Request.encode(Request.decode(data)), data));

      const membership = membershipFromLog(entries);
      assert.equal(membership.clusterVersion, "3.4.0");
      assert.deepEqual(listed(membership.list()), members);
      assert.deepEqual(
        CompatVersion.lines().map((line) => unreadableMethod(entries, line)),
        [undefined, undefined, "QGET", "PUT"],
      );
    }),
});

Deno.test({
  ...test,
  name: "decodeV2Store() reads the members from a snapshot of real etcd",
  fn: () =>
    withEtcd(async (server) => {
      const addLearner = (url: string) =>
        ctlLines(server, ["member", "add", "l", "--learner", `--peer-urls=${url}`]);
      await addLearner(PEER_URL);
      const learner = (await membersOf(server)).find((line) => line.includes(PEER_URL)) ?? "";
      const removed = BigInt(`0x${learner.split(",")[0]}`);
      await ctlLines(server, ["member", "remove", removed.toString(16)]);
      await addLearner("http://127.0.0.1:8");
      await putSome(server, 6);
      const members = await membersOf(server);
      await server.stop();

      const membership = restored(newestSnapshot(server));
      assert.deepEqual(listed(membership.list()), members);
      assert.deepEqual(membership.list().map((member) => member.isLearner).sort(), [false, true]);
      assert.deepEqual(membership.removedIds(), [removed]);
      assert.equal(membership.clusterVersion, "3.4.0");
    }),
});

/** A membership that no etcd has told us, to see it come back from one. */
function changed(snapshot: Snapshot): Membership {
  const { members, clusterVersion } = decodeV2Store(snapshot.data ?? new Uint8Array(0));
  const membership = new Membership(1n);
  const [member] = members;
  const learner: Member = {
    id: 0xffff_ffff_ffff_fffen,
    peerUrls: ["http://127.0.0.1:6"],
    isLearner: true,
    name: "l <&> 1",
    clientUrls: ["http://127.0.0.1:5", "http://127.0.0.1:4"],
  };
  const moved: Member = { ...member, peerUrls: [PEER_URL] };
  membership.restore([moved, learner], [0x77n, 0xfedc_ba98_7654_3210n], clusterVersion);
  return membership;
}

Deno.test({
  ...test,
  name: "real etcd starts on a snapshot with encodeV2Store()'s members and passes them on",
  fn: () =>
    withEtcd(async (server) => {
      await putSome(server, 12);
      await server.stop();
      const snapshot = newestSnapshot(server);
      const membership = changed(snapshot);
      const data = encodeV2Store(membership, snapshot.metadata?.index ?? 0);
      await writeSnapFile(fileSystem, join(server.dataDir, "member", "snap"), {
        ...snapshot,
        data,
      });

      await server.restart();
      assert.deepEqual(await membersOf(server), listed(membership.list()));
      const fields = await ctlFields(server, ["get", "k", "--prefix", "--keys-only"]);
      assert.equal(fields.get("Count"), "12");
      await putSome(server, 12);
      await server.stop();

      const later = newestSnapshot(server);
      assert.ok((later.metadata?.index ?? 0) > (snapshot.metadata?.index ?? 0));
      const passedOn = restored(later);
      assert.deepEqual(passedOn.list(), membership.list());
      assert.deepEqual(passedOn.removedIds(), membership.removedIds());
      assert.equal(passedOn.clusterVersion, "3.4.0");
    }),
});

Deno.test({
  ...test,
  name: "real etcd replays the requests by which a 3.4 publishes itself in our encoding",
  fn: () =>
    withEtcd(async (server) => {
      await ctlLines(server, ["member", "add", "l", "--learner", `--peer-urls=${PEER_URL}`]);
      const isOurs = (line: string) => line.includes(PEER_URL);
      const id = (await membersOf(server)).find(isOurs)?.split(",")[0] ?? "";
      await putSome(server, 2);
      await server.stop();
      await appendV2Puts(walDirectory(server), [
        ["/0/version", "3.3.0"],
        [v2AttributesPath(BigInt(`0x${id}`)), '{"name":"ours","clientURLs":["http://ours:1"]}'],
      ]);

      await server.restart();
      const line = (await membersOf(server)).find(isOurs);
      assert.equal(line, `${id}, ours, ${PEER_URL}, http://ours:1, true`);
      // etcd raises the version again at once; that it understood ours shows in its log.
      assert.match(server.logTail(200), /updated the cluster version from 3\.4 to 3\.3/);
      assert.equal((await ctlLines(server, ["get", "k1"])).join(), "k1,v");
    }),
});

/** Appends committed entries as a 3.4 writes them that sets these keys of its v2 store. */
async function appendV2Puts(
  directory: string,
  puts: readonly (readonly [string, string])[],
): Promise<void> {
  const replay = new WalReplay(fileSystem, directory, BEGINNING);
  while (replay.step());
  const { term, vote } = replay.contents().hardState;
  const wal = openWal({ fileSystem, directory, clock: systemClock }, replay);
  const entries = puts.map(([path, val], i) => ({
    type: EntryType.EntryNormal,
    term,
    index: wal.lastIndex + 1 + i,
    data: Request.encode(Request.create({ id: BigInt(i), method: "PUT", path, val })),
  }));
  wal.append({ term, vote, commit: wal.lastIndex + puts.length }, entries);
  await wal.close();
}
