import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1FromBytes } from "../../src/base/bytes.ts";
import { plainText } from "../../src/cli/ctl/byte_text.ts";
import { utl } from "../../src/cli/utl/testing/captured_utl_io.ts";
import { withBackupHash } from "../../src/cli/utl/testing/sample_files.ts";
import { ctlFields, ctlLines, etcdctl } from "../harness/etcdctl.ts";
import { requireProgram } from "../harness/programs.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";
import { type TargetName, whyMissing } from "../harness/targets.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/disk: skipped, ${missing}`);

/** A backup of a real etcd, and what that etcd said of its data at the time. */
interface Backup {
  readonly path: string;
  /** The data directory of the etcd, which runs no more. */
  readonly dataDir: string;
  /** All keys and values. */
  readonly pairs: readonly string[];
  /** The same at an older revision. */
  readonly oldRevision: string;
  readonly oldPairs: readonly string[];
  readonly hashKv: ReadonlyMap<string, string>;
  readonly leases: readonly string[];
}

const ALL = ["get", "", "--prefix"];

async function fill(server: ServerProcess): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await ctlLines(server, ["put", `k${i % 20}`, `value ${i} `.repeat(1 + i * 7)]);
  }
  await ctlLines(server, ["put", "large"], "x".repeat(30_000));
  await ctlLines(server, ["del", "k1"]);
  await ctlLines(server, ["compaction", "20"]);
  const [granted] = await ctlLines(server, ["lease", "grant", "6000"]);
  const lease = granted.split(" ")[1];
  await ctlLines(server, ["put", "leased", "1", `--lease=${lease}`]);
  await ctlLines(server, ["txn"], "\nput a 1\nput b 2\ndel k3\n\n\n");
  await ctlLines(server, ["role", "add", "reader"]);
  await ctlLines(server, ["user", "add", "somebody:secret"]);
}

const scratch = mkdtempSync(join(tmpdir(), "detcd-utl-"));
globalThis.addEventListener("unload", () => rmSync(scratch, { recursive: true }));

/** A place for a test's own files. */
function newDirectory(): string {
  return mkdtempSync(join(scratch, "test-"));
}

async function makeBackup(): Promise<Backup> {
  const path = join(scratch, "backup.db");
  const dataDir = join(scratch, "etcd");
  const server = await ServerProcess.start("etcd", { dataDir });
  try {
    await fill(server);
    const oldRevision = "25";
    const saved = await etcdctl(server, ["snapshot", "save", path]);
    assert.equal(saved.exitCode, 0, saved.stderr);
    const backup = {
      path,
      dataDir,
      pairs: await ctlLines(server, ALL),
      oldRevision,
      oldPairs: await ctlLines(server, [...ALL, `--rev=${oldRevision}`]),
      hashKv: await ctlFields(server, ["endpoint", "hashkv"]),
      leases: await ctlLines(server, ["lease", "list"]),
    };
    await server.stop();
    return backup;
  } finally {
    await server.dispose();
  }
}

let made: Promise<Backup> | undefined;

/** The same for all tests, which must not change it: making it takes a second. */
function theBackup(): Promise<Backup> {
  return made ??= makeBackup();
}

/** Runs etcdctl without a server. */
function offline(args: readonly string[]): { code: number; stdout: string; stderr: string } {
  const { code, stdout, stderr } = new Deno.Command(requireProgram("etcdctl"), {
    args: [...args],
    env: { ETCDCTL_API: "3" },
  }).outputSync();
  return { code, stdout: latin1FromBytes(stdout), stderr: latin1FromBytes(stderr) };
}

/** Starts a server on a directory and compares what it serves with what the old one did. */
async function serves(target: TargetName, dataDir: string, backup: Backup): Promise<void> {
  const server = await ServerProcess.start(target, { dataDir });
  try {
    assert.deepEqual(await ctlLines(server, ALL), backup.pairs);
    const { oldRevision, oldPairs } = backup;
    assert.deepEqual(await ctlLines(server, [...ALL, `--rev=${oldRevision}`]), oldPairs);
    assert.deepEqual(await ctlLines(server, ["lease", "list"]), backup.leases);
    if (target === "etcd") {
      assert.deepEqual(await ctlLines(server, ["user", "list"]), ["somebody"]);
    }
    const hashKv = await ctlFields(server, ["endpoint", "hashkv"]);
    assert.equal(hashKv.get("Hash"), backup.hashKv.get("Hash"));
    assert.deepEqual(await ctlLines(server, ["put", "new", "1"]), ["OK"]);
    await server.kill();
    await server.restart();
    assert.deepEqual(await ctlLines(server, ["get", "new"]), ["new", "1"]);
  } finally {
    await server.dispose();
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: missing !== undefined, fn });
}

/** What stands in a table: etcdutl 3.7 draws other lines around it than etcdctl 3.4. */
function withoutLines(text: string): string {
  return plainText(text).replace(/^[+┌├└].*\n/gm, "").replaceAll("│", "|");
}

test("snapshot status and hashkv say of etcd's backup what etcdctl says", async () => {
  const { path, dataDir, hashKv } = await theBackup();
  for (const format of ["simple", "fields", "json", "table"]) {
    const { stdout } = offline(["snapshot", "status", path, "-w", format]);
    const ours = await utl(["snapshot", "status", path, "-w", format]);
    assert.equal(ours.exitCode, 0, ours.err);
    assert.equal(withoutLines(ours.out), withoutLines(stdout), format);
  }
  for (const file of [path, dataDir]) {
    const { hash, hashRevision, compactRevision } = JSON.parse(
      (await utl(["hashkv", file, "-w", "json"])).out,
    );
    assert.equal(String(hash), hashKv.get("Hash"));
    assert.equal(String(hashRevision), hashKv.get("Revision"));
    assert.equal(compactRevision, 20);
  }
  const checked = await utl(["check", dataDir]);
  assert.equal(checked.exitCode, 0, checked.out + checked.err);
  assert.equal(checked.out, `checked ${dataDir}: nothing is wrong\n`);
});

test("etcd 3.4 serves what snapshot restore made of its backup", async () => {
  const backup = await theBackup();
  const directory = newDirectory();
  const [ours, theirs] = ["ours", "theirs"].map((name) => join(directory, name));
  const flags = ["--initial-cluster-token=again"];
  const restored = await utl([
    "snapshot",
    "restore",
    backup.path,
    `--data-dir=${ours}`,
    "--compat-version=3.4",
    ...flags,
  ]);
  assert.equal(restored.exitCode, 0, restored.err);
  const reference = offline(["snapshot", "restore", backup.path, "--data-dir", theirs, ...flags]);
  assert.equal(reference.code, 0, reference.stderr);
  const [ourWal, theirWal] = [ours, theirs].map((dataDir) =>
    readFileSync(join(dataDir, "member", "wal", "0000000000000000-0000000000000000.wal"))
  );
  assert(ourWal.equals(theirWal), "the logs are the same, byte for byte");
  // What etcdctl made is in order for our check, and what we made is for etcdctl's.
  assert.equal((await utl(["check", theirs])).exitCode, 0);
  const again = join(directory, "again.db");
  writeFileSync(again, withBackupHash(readFileSync(join(ours, "member", "snap", "db"))));
  const { stdout } = offline(["snapshot", "status", again]);
  assert.equal((await utl(["snapshot", "status", again])).out, stdout);
  const thirdDir = join(directory, "again");
  const { code, stderr } = offline(["snapshot", "restore", again, "--data-dir", thirdDir]);
  assert.equal(code, 0, stderr);
  await serves("etcd", ours, backup);
});

test("etcd 3.4 serves what defrag left of its directory", async () => {
  const backup = await theBackup();
  const dataDir = join(newDirectory(), "etcd");
  cpSync(backup.dataDir, dataDir, { recursive: true });
  const { exitCode, out, err } = await utl(["defrag", `--data-dir=${dataDir}`]);
  assert.equal(exitCode, 0, err);
  assert.equal(out, "");
  assert.match(err, /db had \d+ kB and has \d+ kB now\n$/);
  assert.equal((await utl(["check", dataDir])).exitCode, 0);
  await serves("etcd", dataDir, backup);
});

test("detcd serves what snapshot restore made of etcd's backup", async () => {
  const backup = await theBackup();
  const dataDir = join(newDirectory(), "ours");
  const restored = await utl(["snapshot", "restore", backup.path, `--data-dir=${dataDir}`]);
  assert.equal(restored.exitCode, 0, restored.err);
  await serves("detcd", dataDir, backup);
  const checked = await utl(["check", dataDir]);
  assert.equal(checked.exitCode, 0, checked.out + checked.err);
});

test("detcd goes on from a raised revision and has what was before compacted", async () => {
  const backup = await theBackup();
  const dataDir = join(newDirectory(), "ours");
  const bump = ["--bump-revision=1000", "--mark-compacted"];
  const args = ["snapshot", "restore", backup.path, `--data-dir=${dataDir}`, ...bump];
  assert.equal((await utl(args)).exitCode, 0);
  const server = await ServerProcess.start("detcd", { dataDir });
  try {
    const revision = Number(backup.hashKv.get("Revision")) + 1000;
    const fields = await ctlFields(server, ["get", "a"]);
    assert.equal(fields.get("Revision"), String(revision));
    assert.deepEqual(await ctlLines(server, ALL), backup.pairs);
    const old = await etcdctl(server, ["get", "a", `--rev=${revision - 1}`]);
    assert.match(old.stderr, /required revision has been compacted/);
  } finally {
    await server.dispose();
  }
});

test("etcd 3.4 serves what etcdctl restored from a backup of detcd", async () => {
  const directory = newDirectory();
  const path = join(directory, "backup.db");
  const dataDir = join(directory, "restored");
  const server = await ServerProcess.start("detcd");
  let pairs: string[];
  try {
    for (let i = 0; i < 20; i++) await ctlLines(server, ["put", `k${i}`, `${i} `.repeat(i * 50)]);
    await ctlLines(server, ["del", "k7"]);
    await ctlLines(server, ["compaction", "10"]);
    pairs = await ctlLines(server, ALL);
    const saved = await etcdctl(server, ["snapshot", "save", path]);
    assert.equal(saved.exitCode, 0, saved.stderr);
  } finally {
    await server.dispose();
  }
  for (const format of ["simple", "fields", "json", "table"]) {
    const { stdout } = offline(["snapshot", "status", path, "-w", format]);
    const status = ["snapshot", "status", path, "-w", format, "--compat-version=3.4"];
    assert.equal(withoutLines((await utl(status)).out), withoutLines(stdout));
  }
  const { code, stderr } = offline(["snapshot", "restore", path, "--data-dir", dataDir]);
  assert.equal(code, 0, stderr);
  assert.equal((await utl(["check", dataDir])).exitCode, 0);
  const etcd = await ServerProcess.start("etcd", { dataDir });
  try {
    assert.deepEqual(await ctlLines(etcd, ALL), pairs);
  } finally {
    await etcd.dispose();
  }
});

test("three etcds 3.4 make a cluster of what snapshot restore made for each", async () => {
  const backup = await theBackup();
  const directory = newDirectory();
  const ports = await freePorts(3);
  const members = ports.map((port, i) => ({ name: `m${i}`, url: `http://127.0.0.1:${port}` }));
  const cluster = members.map(({ name, url }) => `${name}=${url}`).join(",");
  const servers: ServerProcess[] = [];
  try {
    for (const { name, url } of members) {
      const dataDir = join(directory, name);
      const place = [`--name=${name}`, `--initial-advertise-peer-urls=${url}`];
      const restored = await utl([
        "snapshot",
        "restore",
        backup.path,
        `--data-dir=${dataDir}`,
        `--initial-cluster=${cluster}`,
        "--compat-version=3.4",
        ...place,
      ]);
      assert.equal(restored.exitCode, 0, restored.err);
      const flags = [...place, `--listen-peer-urls=${url}`, `--initial-cluster=${cluster}`];
      servers.push(
        await ServerProcess.start("etcd", { dataDir, flags, withoutWaiting: true }),
      );
    }
    for (const server of servers) await server.untilReady();
    const list = await ctlLines(servers[2], ["member", "list"]);
    assert.equal(list.filter((line) => line.includes(", started, ")).length, 3);
    assert.deepEqual(await ctlLines(servers[0], ["put", "new", "1"]), ["OK"]);
    assert.deepEqual(await ctlLines(servers[1], ["get", "new"]), ["new", "1"]);
    assert.deepEqual(await ctlLines(servers[2], ["get", "k1", "--prefix"]), [
      ...backup.pairs.slice(backup.pairs.indexOf("k10"), backup.pairs.indexOf("k2")),
    ]);
  } finally {
    for (const server of servers) await server.dispose();
  }
});

test("utl keeps its hands off the files of an etcd that runs", async () => {
  const server = await ServerProcess.start("etcd");
  try {
    const db = join(server.dataDir, "member", "snap", "db");
    const commands = [
      ["hashkv", server.dataDir],
      ["check", db],
      ["dump", "db", server.dataDir],
      ["snapshot", "status", db],
      ["defrag", `--data-dir=${server.dataDir}`],
    ];
    for (const command of commands) {
      const { exitCode, err } = await utl([...command, "--timeout=1ms"]);
      assert.equal(exitCode, 1);
      assert(err.includes(`Cannot lock ${db}: a server is running on it`), err);
    }
  } finally {
    await server.dispose();
  }
});

test("dump shows what etcd has written", async () => {
  const { path, dataDir } = await theBackup();
  const wal = await utl(["dump", "wal", dataDir, "--entry-type=put,txn,auth-user-add"]);
  assert.equal(wal.exitCode, 0, wal.err);
  const lines = wal.out.split("\n");
  assert.match(lines[1], / entry +term=2 index=\d+ id=[0-9a-f]+ put key="k0" value="value 0 "$/);
  assert.match(wal.out, / txn success=\[\{requestPut=\{key="a" value="1"\}\}/);
  assert.match(wal.out, / auth-user-add name="somebody" password=\(hidden\)/);
  assert.match(wal.out, /put key="large" value="x{128}"\.\.\.\(30000 bytes\)\n/);
  const db = await utl(["dump", "db", path]);
  assert.match(db.out, /^authUsers name="somebody" password=\(hidden\)/m);
  assert.match(db.out, /^key revision="\d+\/0" change="delete" key="k1"$/m);
  assert.match(db.out, /^meta name="finishedCompactRev" value="20\/0"$/m);
  assert.doesNotMatch(wal.out + db.out, /secret|\$2a\$/);
  const json = await utl(["dump", "db", path, "--key=k1", "-w", "json"]);
  const changes = json.out.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(changes.map(({ change }) => change), ["put", "put", "delete"]);
});
