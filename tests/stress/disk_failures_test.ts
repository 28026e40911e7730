import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { type CallFailure, GrpcClient, refusal } from "../harness/grpc_client.ts";
import { put, range, rangePrefix } from "../harness/kv_calls.ts";
import { failingSync, whyNoFailingSync } from "./failing_sync.ts";
import { makeReadOnly, mountTmpfs, resizeTmpfs, whyNoMounts } from "./mounts.ts";
import { type Ending, ObservedProcess } from "./observed_process.ts";

const noMounts = whyNoMounts();
const noInjection = whyNoFailingSync();

/** How fast a disk of a few MiB is full. */
const FILLING_WRITERS = 20;
const FILLING_VALUE = "x".repeat(3_000);
const SECTOR_BYTES = 512;
const SYNCS_BEFORE_FAILURE = 30;
const PATIENCE_MS = 20_000;

/** Registers a test with a folder of its own that is there only for the test. */
function testInFolder(
  name: string,
  body: (folder: string) => Promise<void>,
  whyNot: string | undefined = undefined,
): void {
  Deno.test({
    name: whyNot === undefined ? name : `${name} - not here: ${whyNot}`,
    ignore: whyNot !== undefined,
    async fn() {
      const folder = mkdtempSync(join(tmpdir(), "detcd-disk-"));
      try {
        await body(folder);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  });
}

/** A start that fails, and what it says. */
async function failedStart(dataDir: string, ...flags: readonly string[]): Promise<string> {
  await using server = new ObservedProcess(dataDir, { flags });
  return refusalIn(await server.untilEnded());
}

/** The one error of a server that ended on account of it. */
function refusalIn({ exitCode, log }: Ending): string {
  assert.equal(exitCode, 1, log);
  const lines = log.split("\n").filter((line) => line.includes('"level":"error"'));
  assert.ok(lines.length > 0, `no error in the log:\n${log}`);
  const { error } = JSON.parse(lines[lines.length - 1]);
  assert.equal(typeof error, "string");
  // Whoever reads the message can do nothing with the place in our source.
  assert.doesNotMatch(error, /\.ts:\d+/);
  return error;
}

async function withClient<T>(port: number, use: (client: GrpcClient) => Promise<T>): Promise<T> {
  const client = new GrpcClient(`127.0.0.1:${port}`, { "grpc.enable_retries": 0 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

testInFolder("a data directory that is a file is refused", async (folder) => {
  const path = join(folder, "file");
  writeFileSync(path, "not a directory");
  assert.match(await failedStart(path), new RegExp(`${path}: .*not a directory`, "i"));
  assert.equal(readFileSync(path, "utf8"), "not a directory");
});

testInFolder("a data directory that cannot be made is refused", async () => {
  assert.match(await failedStart("/proc/detcd"), /^Cannot make the directory \/proc\/detcd: /);
}, Deno.build.os === "linux" ? undefined : "there is no /proc");

testInFolder("a data directory on a read-only file system is refused", async (folder) => {
  using _readOnly = makeReadOnly(folder);
  const message = await failedStart(join(folder, "data"));
  assert.ok(message.includes(join(folder, "data")), message);
  assert.match(message, /read-only.*mount it writable or choose another directory$/);
}, noMounts);

testInFolder("a log directory on a read-only file system is refused", async (folder) => {
  const walFolder = join(folder, "wal");
  mkdirSync(walFolder);
  using _readOnly = makeReadOnly(walFolder);
  const message = await failedStart(join(folder, "data"), `--wal-dir=${join(walFolder, "wal")}`);
  assert.ok(message.includes(walFolder), message);
  assert.match(message, /read-only/);
}, noMounts);

testInFolder("a second server on the same data directory is refused", async (folder) => {
  await using first = new ObservedProcess(folder);
  const port = await first.untilServing();
  await withClient(port, async (client) => {
    await put(client, "before", "1");
    const message = await failedStart(folder);
    assert.match(message, /another server is running on it .*Stop that server or choose another/);
    assert.ok(message.includes(folder), message);
    await put(client, "after", "2");
    const { kvs } = await rangePrefix(client, "\0", { rangeEnd: "\0" });
    assert.deepEqual(kvs.map(({ key }) => key), ["after", "before"]);
  });
  await first.kill();
  // The lock is gone with the process, however it ended.
  await using third = new ObservedProcess(folder);
  await withClient(await third.untilServing(), async (client) => {
    assert.equal((await range(client, "after")).count, 1);
  });
});

testInFolder(
  "an address in use is refused, and the data directory is left alone",
  async (folder) => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    assert.ok(address !== null && typeof address === "object");
    const url = `http://127.0.0.1:${address.port}`;
    const dataDir = join(folder, "data");
    try {
      const message = await failedStart(dataDir, `--listen-client-urls=${url}`);
      assert.ok(message.startsWith(`Cannot listen on ${url}: `), message);
      assert.match(message, /address already in use/);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  },
);

testInFolder("a disk that is full at the start is refused", async (folder) => {
  using _disk = mountTmpfs(folder, 4);
  assert.match(await failedStart(join(folder, "data")), /No space left.*The disk is full/);
}, noMounts);

testInFolder("a disk that fills up stops the server and loses nothing", async (folder) => {
  using _disk = mountTmpfs(folder, 2_048);
  const dataDir = join(folder, "data");
  const acknowledged: string[] = [];
  {
    await using server = new ObservedProcess(dataDir);
    const port = await server.untilServing();
    await withClient(port, (client) => writeUntilRefused(client, acknowledged));
    const message = refusalIn(await server.untilEnded());
    assert.match(
      message,
      /^Cannot write .*(\.wal|\/db): No space left.*make room, then start again$/,
    );
  }
  assert.ok(acknowledged.length > 100, `${acknowledged.length} writes fitted`);
  // It stays refused while there is no room, and says so.
  assert.match(await failedStart(dataDir), /The disk is full/);
  resizeTmpfs(folder, 20_480);
  await using server = new ObservedProcess(dataDir);
  await withClient(await server.untilServing(), async (client) => {
    await expectAll(client, acknowledged);
    await put(client, "fill/more", "goes on");
  });
}, noMounts);

/** Changes the first byte of a text wherever it stands; free pages may have it as well. */
function changeEverywhere(path: string, text: string): void {
  const bytes = readFileSync(path);
  const file = openSync(path, "r+");
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    writeSync(file, Uint8Array.of(bytes[at] ^ 1), 0, 1, at);
  }
  closeSync(file);
}

async function untilTrue(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadlineMs, `it never came to it that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Puts until it is refused. */
async function untilRefused(client: GrpcClient): Promise<CallFailure> {
  for (let i = 0;; i++) {
    assert.ok(i < 1_000, "puts are refused");
    try {
      await put(client, "fill/refused", `${i}`);
    } catch (error) {
      return await refusal(Promise.reject(error));
    }
  }
}

async function expectAll(client: GrpcClient, keys: readonly string[]): Promise<void> {
  const { kvs } = await rangePrefix(client, "fill/", { keysOnly: true });
  const kept = new Set(kvs.map(({ key }) => key));
  assert.deepEqual(keys.filter((key) => !kept.has(key)), []);
}

async function writeUntilRefused(client: GrpcClient, acknowledged: string[]): Promise<void> {
  await Promise.all(Array.from({ length: FILLING_WRITERS }, async (_, writer) => {
    for (let i = 0;; i++) {
      const key = `fill/${writer}/${i}`;
      try {
        await put(client, key, FILLING_VALUE);
      } catch {
        return;
      }
      acknowledged.push(key);
    }
  }));
}

testInFolder("a sync that fails stops the server and loses nothing", async (folder) => {
  const acknowledged: string[] = [];
  {
    await using server = new ObservedProcess(folder, { under: failingSync(SYNCS_BEFORE_FAILURE) });
    const port = await server.untilServing();
    await withClient(port, (client) => writeUntilRefused(client, acknowledged));
    const message = refusalIn(await server.untilEnded());
    assert.match(message, /^Cannot sync .*(\.wal|\/db): .*The disk reports a fault/);
  }
  assert.ok(acknowledged.length > 0);
  await using server = new ObservedProcess(folder);
  await withClient(await server.untilServing(), (client) => expectAll(client, acknowledged));
}, noInjection);

/** The place of the B-tree file; the log is on another disk then. */
interface TwoDisks {
  readonly dataDir: string;
  readonly dbPath: string;
  readonly flags: readonly string[];
}

/** A data directory on a small disk of its own, which is mounted at `folder`/small. */
function onTwoDisks(folder: string, ...flags: readonly string[]): TwoDisks {
  const dataDir = join(folder, "small", "data");
  return {
    dataDir,
    dbPath: join(dataDir, "member", "snap", "db"),
    flags: [`--wal-dir=${join(folder, "wal")}`, "--backend-batch-interval=20ms", ...flags],
  };
}

function mountSmallDisk(folder: string, sizeKib: number): Disposable {
  mkdirSync(join(folder, "small"));
  return mountTmpfs(join(folder, "small"), sizeKib);
}

testInFolder("a disk too full for a checkpoint stops the server, loses nothing", async (folder) => {
  using _disk = mountSmallDisk(folder, 1_024);
  const { dataDir, dbPath, flags } = onTwoDisks(folder);
  const acknowledged: string[] = [];
  {
    await using server = new ObservedProcess(dataDir, { flags });
    const port = await server.untilServing();
    await withClient(port, (client) => writeUntilRefused(client, acknowledged));
    const message = refusalIn(await server.untilEnded());
    assert.ok(message.startsWith(`Cannot write ${dbPath}`), message);
    assert.match(message, /No space left.*make room, then start again$/);
  }
  assert.ok(acknowledged.length > 100, `${acknowledged.length} writes fitted`);
  resizeTmpfs(join(folder, "small"), 102_400);
  await using server = new ObservedProcess(dataDir, { flags });
  await withClient(await server.untilServing(), async (client) => {
    await expectAll(client, acknowledged);
    await put(client, "fill/more", "goes on");
  });
  const { log } = await server.stop();
  assert.match(log, /"closed etcd server"/);
  assert.doesNotMatch(log, /"level":"error"/);
}, noMounts);

testInFolder("a defragmentation for which there is no room leaves all as it is", async (folder) => {
  using _disk = mountSmallDisk(folder, 3_072);
  const { dataDir, dbPath, flags } = onTwoDisks(folder, "--backend-batch-limit=1");
  await using server = new ObservedProcess(dataDir, { flags });
  await withClient(await server.untilServing(), async (client) => {
    const keys = Array.from({ length: 500 }, (_, i) => `fill/${i}`);
    for (const key of keys) await put(client, key, FILLING_VALUE);
    const failure = await refusal(client.call(MAINTENANCE_SERVICE.defragment, {}));
    assert.match(failure.text, /^Cannot write .*\/db\.tmp\.1: No space left on device/);
    assert.deepEqual(readdirSync(dirname(dbPath)).filter((name) => name.startsWith("db.")), []);
    await expectAll(client, keys);
    await put(client, "fill/more", "goes on");
    resizeTmpfs(join(folder, "small"), 102_400);
    await client.call(MAINTENANCE_SERVICE.defragment, {});
    await expectAll(client, [...keys, "fill/more"]);
  });
  const { log } = await server.stop();
  assert.match(log, /"closed etcd server"/);
  assert.doesNotMatch(log, /"level":"error"/);
}, noMounts);

testInFolder("a sync of the B-tree file that fails stops the server", async (folder) => {
  const { dataDir, dbPath, flags } = onTwoDisks(folder);
  const acknowledged: string[] = [];
  {
    const under = failingSync(SYNCS_BEFORE_FAILURE, dbPath);
    await using server = new ObservedProcess(dataDir, { flags, under });
    const port = await server.untilServing();
    await withClient(port, (client) => writeUntilRefused(client, acknowledged));
    const message = refusalIn(await server.untilEnded());
    assert.ok(message.startsWith(`Cannot sync ${dbPath}: `), message);
    assert.match(message, /The disk reports a fault/);
  }
  assert.ok(acknowledged.length > 0);
  await using server = new ObservedProcess(dataDir, { flags });
  await withClient(await server.untilServing(), (client) => expectAll(client, acknowledged));
}, noInjection);

testInFolder("a changed byte in the B-tree file raises the alarm", async (folder) => {
  const dbPath = join(folder, "member", "snap", "db");
  const flags = [
    "--backend-batch-interval=20ms",
    "--experimental-corrupt-check-time=200ms",
  ];
  await using server = new ObservedProcess(folder, { flags });
  await withClient(await server.untilServing(), async (client) => {
    for (let i = 0; i < 100; i++) await put(client, `fill/${i}`, `value of ${i} ${FILLING_VALUE}`);
    const needle = "value of 50 ";
    await untilTrue(() => readFileSync(dbPath).includes(needle), "the pair is in the file");
    changeEverywhere(dbPath, needle);
    await untilTrue(() => /found corrupt data/.test(server.log), "the damage is found");
    const failure = await untilRefused(client);
    assert.match(failure.text, /^etcdserver: corrupt cluster$/);
    assert.equal((await rangePrefix(client, "fill/", { keysOnly: true })).count >= 100, true);
  });
});

/** A server's log after some puts, of which the last is larger than a few sectors. */
async function writtenWal(dataDir: string): Promise<string> {
  await using server = new ObservedProcess(dataDir);
  await withClient(await server.untilServing(), async (client) => {
    for (let i = 0; i < 20; i++) await put(client, `key/${i}`, `value of ${i}`);
    await put(client, "key/last", "L".repeat(8 * SECTOR_BYTES));
  });
  await server.kill();
  const walDir = join(dataDir, "member", "wal");
  const names = readdirSync(walDir).filter((name) => name.endsWith(".wal"));
  assert.equal(names.length, 1);
  return join(walDir, names[0]);
}

testInFolder("a changed byte in the log is refused with file and place", async (folder) => {
  const path = await writtenWal(folder);
  const bytes = readFileSync(path);
  const position = bytes.indexOf("value of 7");
  bytes[position] ^= 1;
  writeFileSync(path, bytes);
  const message = await failedStart(folder);
  const place = new RegExp(`${path} at byte (\\d+): `).exec(message);
  assert.ok(place !== null, message);
  const distance = position - Number(place[1]);
  assert.ok(distance >= 0 && distance < SECTOR_BYTES, `${message} names the record`);
  assert.deepEqual(readFileSync(path), bytes, "the log is left as it was");
});

/** What a loss of power can leave of the last record. */
const TEARS: Readonly<Record<string, (path: string, bytes: Buffer, start: number) => void>> = {
  "ends in its midst": (path, _bytes, start) => truncateSync(path, start + 1_000),
  "lacks a sector": (path, bytes, start) => {
    const sector = Math.ceil(start / SECTOR_BYTES) * SECTOR_BYTES;
    bytes.fill(0, sector, sector + SECTOR_BYTES);
    writeFileSync(path, bytes);
  },
};

for (const [what, tear] of Object.entries(TEARS)) {
  testInFolder(`a last record that ${what} is cut off, and a copy is kept`, async (folder) => {
    const path = await writtenWal(folder);
    const bytes = readFileSync(path);
    tear(path, bytes, bytes.indexOf("LLLL"));
    const torn = readFileSync(path);
    await using server = new ObservedProcess(folder);
    await withClient(await server.untilServing(), async (client) => {
      assert.equal((await rangePrefix(client, "key/")).count, 20);
      await put(client, "key/last", "written again");
    });
    assert.deepEqual(readFileSync(`${path}.broken`), torn);
  });
}
