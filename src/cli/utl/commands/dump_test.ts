import assert from "node:assert/strict";
import { bytesFromText } from "../../../base/bytes.ts";
import { systemClock } from "../../../base/clock.ts";
import { Bucket } from "../../../disk/backend/schema.ts";
import { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { readFile } from "../../../disk/testing/files.ts";
import { createWal } from "../../../disk/wal_opening.ts";
import {
  InternalRaftRequest,
  Metadata,
  PutRequest,
  Request,
  RequestHeader,
} from "../../../pb/etcdserverpb.ts";
import { ConfChange, type Entry } from "../../../pb/raftpb.ts";
import { utl } from "../testing/captured_utl_io.ts";
import { fileSystemWith, flipBit, sampleImage, writeFile } from "../testing/sample_files.ts";

const SEGMENT = "d/member/wal/0000000000000000-0000000000000000.wal";

function request(fields: Partial<InternalRaftRequest>): Uint8Array {
  const header = RequestHeader.create({ id: 0xabcn });
  return InternalRaftRequest.encode(InternalRaftRequest.create({ header, ...fields }));
}

const DATA: readonly (Uint8Array | undefined)[] = [
  undefined,
  request({ put: PutRequest.create({ key: "k\xff", value: bytesFromText("v"), lease: 31n }) }),
  Request.encode(Request.create({ id: 9n, method: "PUT", path: "/0/version", val: "3.4.0" })),
  request({ put: PutRequest.create({ key: "k2" }) }),
  request({ authenticate: { name: "root", password: "secret", simpleToken: "token" } }),
  bytesFromText("?"),
];

/** A log with a change of the configuration and the entries above. */
async function logDisk(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  for (const path of ["d", "d/member"]) fileSystem.makeDirectory(path);
  const metadata = Metadata.encode({ nodeId: 0x12n, clusterId: 0x34n });
  const change = ConfChange.encode(ConfChange.create({ nodeId: 0x12n }));
  const options = { fileSystem, directory: "d/member/wal", clock: systemClock };
  const wal = createWal(options, metadata, {
    hardState: { term: 1, vote: 0n, commit: 1 },
    entries: [{ type: 1, term: 1, index: 1, data: change }],
  });
  const entries = DATA.map((data, i): Entry => ({ type: 0, term: 2, index: 2 + i, data }));
  wal.append({ term: 2, vote: 0x12n, commit: 7 }, entries);
  await wal.saveSnapshot({ index: 3, term: 2, confState: undefined });
  await wal.close();
  return fileSystem;
}

async function dump(fileSystem: MemoryFileSystem, args: readonly string[]): Promise<string[]> {
  const { exitCode, out, err } = await utl(["dump", ...args], fileSystem);
  assert.equal(exitCode, 0, err);
  return out.trimEnd().split("\n");
}

function withoutOffset(line: string): string {
  return line.replace(/^ *\d+ {2}/, "");
}

Deno.test("dump wal shows every record of a log", async () => {
  const fileSystem = await logDisk();
  const expected = [
    SEGMENT,
    "crc       crc=00000000",
    "metadata  nodeId=12 clusterId=34",
    "snapshot",
    'entry     term=1 index=1 conf-change type="AddNode" nodeId=12',
    "state     term=1 commit=1",
    "entry     term=2 index=2 empty",
    'entry     term=2 index=3 id=abc put key="k\\xff" value="v" lease=1f',
    'entry     term=2 index=4 id=9 v2-request method="PUT" path="/0/version" val="3.4.0"',
    'entry     term=2 index=5 id=abc put key="k2"',
    'entry     term=2 index=6 id=abc authenticate name="root" password=(hidden) ' +
    "simpleToken=(hidden)",
    'entry     term=2 index=7 unreadable data="?"',
    "state     term=2 vote=12 commit=7",
    "snapshot  index=3 term=2",
  ];
  for (const path of ["d", "d/member/wal", SEGMENT]) {
    const lines = await dump(fileSystem, ["wal", path]);
    assert.deepEqual(lines.map(withoutOffset), expected);
  }
});

Deno.test("dump wal shows only what is asked for", async () => {
  const fileSystem = await logDisk();
  async function indexes(args: readonly string[]): Promise<number[]> {
    const lines = await dump(fileSystem, ["wal", "d", "-w", "json", ...args]);
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line).index);
  }
  assert.deepEqual(await indexes(["--from-index=5"]), [5, 6, 7]);
  assert.deepEqual(await indexes(["--entry-type=put,empty"]), [2, 3, 5]);
  assert.deepEqual(await indexes(["--entry-type=put", "--limit=1"]), [3]);
  assert.deepEqual(await indexes(["--entry-type=put", "--from-index=4"]), [5]);
  assert.deepEqual(await indexes(["--from-index=8"]), []);
  const [put] = await dump(fileSystem, ["wal", "d", "-w", "json", "--entry-type=put"]);
  const { file, type, id, request } = JSON.parse(put);
  assert.deepEqual([file, type, id, request], [
    SEGMENT,
    "entry",
    0xabc,
    { key: "a/8=", value: "dg==", lease: 31 },
  ]);
  const { exitCode, err } = await utl(["dump", "wal", "d", "--entry-type=putt"], fileSystem);
  assert.equal(exitCode, 128);
  assert.match(err, /^Error: there are no entries of the kind putt, only empty, conf-change, /);
});

Deno.test("dump wal shows what comes before damage and then says where that is", async () => {
  const fileSystem = await logDisk();
  const lines = await dump(fileSystem, ["wal", "d"]);
  const offset = Number(lines.find((line) => line.includes("k2"))?.trim().split(" ")[0]);
  writeFile(fileSystem, SEGMENT, flipBit(readFile(fileSystem, SEGMENT), (offset + 20) * 8));
  const { exitCode, out, err } = await utl(["dump", "wal", "d"], fileSystem);
  assert.equal(exitCode, 1);
  assert.match(out, /index=4 id=9 v2-request/);
  assert.doesNotMatch(out, /k2/);
  assert(err.startsWith(`Error: Cannot read the log in ${SEGMENT} at byte ${offset}: `), err);
});

Deno.test("dump db shows every pair, without secrets", async () => {
  const image = await sampleImage((write) => {
    write.bucket(Bucket.KEY)?.put(bytesFromText("odd"), bytesFromText("\xff"));
  });
  const fileSystem = fileSystemWith("b", image);
  const lines = await dump(fileSystem, ["db", "b"]);
  assert.equal(lines.length, 214);
  for (
    const line of [
      'auth name="authRevision" value="1"',
      'authUsers name="root" password=(hidden)',
      'cluster name="clusterVersion" value="3.6.0"',
      'key revision="2/0" change="put" key="k0" createRevision=2 modRevision=2 version=1 ' +
      'value="value 0 " lease=7',
      'key revision="202/0" change="delete" key="k5"',
      'key rawKey="odd" rawValue="\u00ff"',
      "lease id=7 ttl=600",
      'members_removed name="99" value="removed"',
      'meta name="consistent_index" value="210"',
      'meta name="scheduledCompactRev" value="2/0"',
      'meta name="storageVersion" value="3.6.0"',
      'meta name="term" value="3"',
    ]
  ) assert(lines.some((shown) => shown === line || plain(shown) === line), line);
});

/** Output as text instead of one character a byte. */
function plain(line: string): string {
  return new TextDecoder().decode(Uint8Array.from(line, (byte) => byte.charCodeAt(0)));
}

Deno.test("dump cuts long values, but not in JSON", async () => {
  const image = await sampleImage((write) => {
    write.createBucketIfMissing("other").put(bytesFromText("k"), new Uint8Array(1000).fill(0x61));
  });
  const fileSystem = fileSystemWith("b", image);
  const [line] = await dump(fileSystem, ["db", "b", "--bucket=other"]);
  assert.equal(line, `other rawKey="k" rawValue="${"a".repeat(128)}"...(1000 bytes)`);
  const [json] = await dump(fileSystem, ["db", "b", "--bucket=other", "-w", "json"]);
  assert.equal(atob(JSON.parse(json).rawValue), "a".repeat(1000));
});

Deno.test("dump db shows only what is asked for", async () => {
  const fileSystem = fileSystemWith("b", await sampleImage());
  const list = await dump(fileSystem, ["db", "b", "--list-buckets"]);
  assert(list.includes("key pairs=201"));
  assert(list.includes("alarm pairs=0"));
  const members = await dump(fileSystem, ["db", "b", "--bucket=members"]);
  assert.equal(members.length, 1);
  assert.match(members[0], /^members name="12345678" value="/);
  const last = await dump(fileSystem, ["db", "b", "--from-revision=200"]);
  assert.deepEqual(last.map((line) => line.split(" ")[1]), [
    'revision="200/0"',
    'revision="201/0"',
    'revision="202/0"',
  ]);
  const changes = await dump(fileSystem, ["db", "b", "--key=k5", "-w", "json"]);
  assert.deepEqual(changes.map((line) => JSON.parse(line).change), ["put", "delete"]);
  assert.equal((await dump(fileSystem, ["db", "b", "--limit=7"])).length, 7);
  const { exitCode, err } = await utl(["dump", "db", "b", "--bucket=x"], fileSystem);
  assert.equal(exitCode, 128);
  assert.match(err, /^Error: there is no bucket x, only alarm, auth, /);
});
