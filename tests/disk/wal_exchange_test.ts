import assert from "node:assert/strict";
import { join } from "node:path";
import { bytesEqual, bytesFromText } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import { DataDir } from "../../src/disk/data_dir.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import type { WalOptions } from "../../src/disk/wal.ts";
import { DiskErrorCode } from "../../src/disk/disk_error.ts";
import { createWal, openWal } from "../../src/disk/wal_opening.ts";
import { readWal, readWalSnapshots } from "../../src/disk/testing/wal_fixtures.ts";
import { WalReplay } from "../../src/disk/wal_replay.ts";
import { listWalSegments } from "../../src/disk/wal_segment.ts";
import { InternalRaftRequest, Metadata, PutRequest, Request } from "../../src/pb/etcdserverpb.ts";
import { ConfChange, type Entry } from "../../src/pb/raftpb.ts";
import { ctlFields, ctlLines } from "../harness/etcdctl.ts";
import { httpRequest } from "../harness/http1.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);
const test = { ignore: missing !== undefined };

const fileSystem = new DenoFileSystem();
const BEGINNING = { index: 0, term: 0 };
const MEMBER_ID = 0xfedc_ba98_7654_3210n;

/** The log's options for a data directory. */
function optionsFor(dataDir: string, segmentSizeBytes?: number): WalOptions {
  const directory = join(dataDir, "member", "wal");
  return { fileSystem, directory, clock: systemClock, segmentSizeBytes };
}

/** The first entries of a cluster of one: its member, and what etcd 3.4 calls publishing it. */
function bootstrapEntries(): Entry[] {
  const id = MEMBER_ID.toString(16);
  const member = `{"id":${MEMBER_ID},"peerURLs":["http://127.0.0.1:2380"],"name":"default"}`;
  const attributes = `{"name":"default","clientURLs":["http://127.0.0.1:2379"]}`;
  const add = ConfChange.create({ nodeId: MEMBER_ID, context: bytesFromText(member) });
  const publish = Request.create({
    id: 1n,
    method: "PUT",
    path: `/0/members/${id}/attributes`,
    val: attributes,
  });
  return [
    { type: 1, term: 1, index: 1, data: ConfChange.encode(add) },
    { type: 0, term: 2, index: 2, data: undefined },
    { type: 0, term: 2, index: 3, data: Request.encode(publish) },
  ];
}

/** A data directory with a log of ours, in which all entries are committed. */
async function writeDataDir(options: WalOptions, dataDir: string, puts: Entry[]): Promise<void> {
  const directory = DataDir.open(fileSystem, { dataDir, holder: "this test" });
  assert.ok(!directory.hasWal());
  const metadata = Metadata.encode({ nodeId: MEMBER_ID, clusterId: 0x1234n });
  const wal = createWal(options, metadata, {
    hardState: { term: 2, vote: MEMBER_ID, commit: 3 },
    entries: bootstrapEntries(),
  });
  for (const put of puts) {
    wal.append({ term: 2, vote: MEMBER_ID, commit: put.index }, [put]);
    await wal.sync();
  }
  await wal.close();
  assert.ok(directory.hasWal());
  directory.close();
}

function putEntry(index: number, term: number, key: string, value: Uint8Array): Entry {
  const data = InternalRaftRequest.encode(InternalRaftRequest.create({
    header: { id: BigInt(index), username: "", authRevision: 0 },
    put: PutRequest.create({ key, value }),
  }));
  return { type: 0, term, index, data };
}

/** The puts among the entries; the bare v2 requests of etcd 3.4 fail to decode. */
function putsIn(entries: readonly Entry[]): PutRequest[] {
  const puts: PutRequest[] = [];
  for (const { type, data } of entries) {
    if (type !== 0 || data === undefined) continue;
    try {
      const { put } = InternalRaftRequest.decode(data);
      if (put !== undefined) puts.push(put);
    } catch {
      // PUT publishes a member or the cluster's version; QGET comes from /health.
      assert.match(Request.decode(data).method, /^(PUT|QGET)$/);
    }
  }
  return puts;
}

async function putOverHttp(server: ServerProcess, key: string, value: Uint8Array): Promise<void> {
  const body = JSON.stringify({ key: bytesFromText(key).toBase64(), value: value.toBase64() });
  const answer = await httpRequest(server.clientPort, "/v3/kv/put", "POST", body);
  assert.equal(answer.status, 200, answer.body);
}

Deno.test({
  ...test,
  name: "openWal() continues a log of two segments that real etcd wrote, once etcd has ended",
  fn: () =>
    withDirectory(async (dataDir) => {
      const value = new Uint8Array(1_400_000).map((_, i) => i * 31 + (i >>> 8));
      const keys = Array.from({ length: 48 }, (_, i) => `k${i}`);
      const server = await ServerProcess.start("etcd", { dataDir });
      try {
        assert.throws(() => DataDir.open(fileSystem, { dataDir, holder: "this test" }), {
          code: DiskErrorCode.LOCKED,
        });
        for (const key of keys) await putOverHttp(server, key, value);
        const status = await ctlFields(server, ["endpoint", "status"]);
        await server.kill();
        const options = optionsFor(dataDir);
        assert.equal(listWalSegments(fileSystem, options.directory).length, 2);
        assert.deepEqual(readWalSnapshots(fileSystem, options.directory).map((s) => s.index), [0]);

        const contents = readWal(fileSystem, options.directory, BEGINNING);
        assert.equal(`${Metadata.decode(contents.metadata).nodeId}`, status.get("MemberID"));
        assert.equal(`${contents.hardState.term}`, status.get("RaftTerm"));
        assert.equal(`${contents.entries.at(-1)?.index}`, status.get("RaftIndex"));
        const puts = putsIn(contents.entries);
        assert.deepEqual(puts.map((put) => put.key), keys);
        assert.ok(puts.every((put) => bytesEqual(put.value, value)));

        const replay = new WalReplay(fileSystem, options.directory, BEGINNING);
        while (replay.step());
        const wal = openWal(options, replay);
        const index = wal.lastIndex + 1;
        const { term, vote } = contents.hardState;
        wal.append({ term, vote, commit: index }, [
          putEntry(index, term, "ours", bytesFromText("from detcd")),
        ]);
        await wal.close();

        await server.restart();
        assert.deepEqual(await ctlLines(server, ["get", "ours"]), ["ours", "from detcd"]);
        assert.deepEqual(
          await ctlLines(server, ["get", "k", "--prefix", "--keys-only", "--limit=1"]),
          ["k0", ""],
        );
      } finally {
        await server.dispose();
      }
    }),
});

Deno.test({
  ...test,
  name: "createWal() and Wal make a log of several segments that real etcd starts on",
  fn: () =>
    withDirectory(async (parent) => {
      const dataDir = join(parent, "data");
      const options = optionsFor(dataDir, 20_000);
      const value = bytesFromText("v".repeat(700));
      const puts = Array.from({ length: 100 }, (_, i) => putEntry(4 + i, 2, `k${i}`, value));
      await writeDataDir(options, dataDir, puts);
      assert.ok(listWalSegments(fileSystem, options.directory).length >= 4);
      const server = await ServerProcess.start("etcd", { dataDir });
      try {
        const fields = await ctlFields(server, ["get", "k", "--prefix", "--limit=1"]);
        assert.equal(fields.get("Count"), "100");
        assert.equal(fields.get("Revision"), "101");
        assert.equal(fields.get("MemberID"), `${MEMBER_ID}`);
        assert.deepEqual(await ctlLines(server, ["get", "k99"]), ["k99", "v".repeat(700)]);
        await ctlLines(server, ["put", "theirs", "from etcd"]);
        await server.kill();

        const { entries } = readWal(fileSystem, options.directory, BEGINNING);
        assert.deepEqual(putsIn(entries).at(-1)?.key, "theirs");
      } finally {
        await server.dispose();
      }
    }),
});

Deno.test({
  ...test,
  name: "readWal() takes the same record for torn as real etcd",
  fn: () =>
    withDirectory(async (parent) => {
      const dataDir = join(parent, "data");
      const options = optionsFor(dataDir);
      const value = bytesFromText("v".repeat(2000));
      await writeDataDir(options, dataDir, [putEntry(4, 2, "whole", value)]);
      const replay = new WalReplay(fileSystem, options.directory, BEGINNING);
      while (replay.step());
      const wal = openWal(options, replay);
      wal.append(undefined, [putEntry(5, 2, "torn", value)]);
      await wal.close();
      const path = join(options.directory, "0000000000000000-0000000000000000.wal");
      const end = replay.end?.offset;
      assert.ok(end !== undefined);
      const file = fileSystem.open(path, "write");
      file.writeAt(new Uint8Array(512), 0, 512, Math.ceil(end / 512) * 512 + 512);
      file.close();

      const { entries } = readWal(fileSystem, options.directory, BEGINNING);
      assert.deepEqual(putsIn(entries).map((put) => put.key), ["whole"]);
      const server = await ServerProcess.start("etcd", { dataDir });
      try {
        const fields = await ctlFields(server, ["get", "", "--prefix", "--keys-only"]);
        assert.equal(fields.get("Key"), "whole");
        assert.equal(fields.get("Count"), "1");
      } finally {
        await server.dispose();
      }
    }),
});
