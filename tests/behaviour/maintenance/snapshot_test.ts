import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes, latin1FromBytes } from "../../../src/base/bytes.ts";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { SnapshotRequest, type SnapshotResponse } from "../../../src/pb/etcdserverpb.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { ctlFields, ctlLines } from "../../harness/etcdctl.ts";
import {
  type CallOptions,
  GrpcClient,
  type GrpcStream,
  withClient,
} from "../../harness/grpc_client.ts";
import { pairs, put, putOp, range, rangePrefix, revisionOf, txn } from "../../harness/kv_calls.ts";
import { findProgram, requireProgram } from "../../harness/programs.ts";
import { ServerProcess } from "../../harness/server_process.ts";

/** Much more than the windows of a connection, so that a client that reads nothing holds it up. */
const FILLER_PAIRS = 80;
const FILLER = "x".repeat(100_000);

/** Keys that are always changed together, to the same value. */
const TOGETHER: readonly string[] = ["a", "b", "c", "d"];

async function fill(client: GrpcClient, prefix: string): Promise<void> {
  const puts = Array.from({ length: FILLER_PAIRS }, (_, i) => put(client, prefix + i, FILLER));
  await Promise.all(puts);
}

async function putTogether(client: GrpcClient, prefix: string, value: string): Promise<number> {
  return revisionOf(
    await txn(client, { success: TOGETHER.map((key) => putOp(prefix + key, value)) }),
  );
}

function openSnapshot(
  client: GrpcClient,
  options?: CallOptions,
): GrpcStream<SnapshotRequest, SnapshotResponse> {
  const stream = client.open(MAINTENANCE_SERVICE.snapshot, options);
  stream.send({});
  stream.halfClose();
  return stream;
}

/** The whole file, which must be sound. */
function fileOf(responses: readonly SnapshotResponse[]): Uint8Array {
  const file = concatBytes(responses.map(({ blob }) => blob));
  const image = file.subarray(0, file.length - 32);
  const digest = createHash("sha256").update(image).digest();
  assert.deepEqual([...file.subarray(file.length - 32)], [...digest]);
  assert.equal(responses[0].remainingBytes + responses[0].blob.length, image.length);
  return file;
}

/** Has etcd itself restore a backup and serve it. */
async function withRestored(
  file: Uint8Array,
  use: (client: GrpcClient) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "restored-" });
  let server: ServerProcess | undefined;
  try {
    await Deno.writeFile(`${directory}/backup.db`, file);
    const dataDir = `${directory}/data`;
    const { success, stderr } = await new Deno.Command(requireProgram("etcdctl"), {
      args: ["snapshot", "restore", `${directory}/backup.db`, "--data-dir", dataDir],
      env: { ETCDCTL_API: "3" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    server = await ServerProcess.start("etcd", { dataDir });
    await withClient(server, use);
  } finally {
    await server?.dispose();
    await Deno.remove(directory, { recursive: true });
  }
}

const NEEDS_ETCD = findProgram("etcd") !== undefined && findProgram("etcdctl") !== undefined
  ? {}
  : { notOn: { detcd: "etcd is not here, see `deno task peers`" } };

describeBothTargets("snapshot", (test) => {
  test("it is one state of the past, whatever is written while it is read", async (context) => {
    const { client, prefix, server } = context;
    await fill(client, `${prefix}filler/`);
    const before = await putTogether(client, prefix, "before");
    const stream = openSnapshot(client);
    const responses = [await stream.next()];
    stream.pause();
    // Whatever comes now is not in it, though nearly all of it is still to be read.
    const opened = revisionOf(await range(client, prefix));
    await withClient(server, async (writer) => {
      for (let i = 0; i < 200; i++) await putTogether(writer, prefix, `later ${i}`);
      await fill(writer, `${prefix}filler/`);
    });
    stream.resume();
    responses.push(...await stream.rest());
    assert.deepEqual(await stream.ended, { code: GrpcCode.OK, text: "" });
    const live = await rangePrefix(client, prefix, { revision: opened });
    await withRestored(fileOf(responses), async (restored) => {
      const found = await rangePrefix(restored, prefix);
      const revision = revisionOf(found);
      assert.ok(before <= revision && revision <= opened, `${before}, ${revision}, ${opened}`);
      assert.equal(found.count, FILLER_PAIRS + TOGETHER.length);
      assert.deepEqual(found.kvs, live.kvs);
      const old = await rangePrefix(restored, prefix, { revision: before - 1, keysOnly: true });
      assert.equal(old.count, FILLER_PAIRS);
      const after = await put(restored, `${prefix}a`, "goes on");
      assert.equal(revisionOf(after), revision + 1);
    });
  }, NEEDS_ETCD);

  test(
    "each one taken while others write is sound and holds whole transactions",
    async (context) => {
      const { client, prefix, server } = context;
      let isDone = false;
      const writers = TOGETHER.map(async (_, writer) => {
        await withClient(server, async (client) => {
          for (let i = 0; !isDone; i++) await putTogether(client, prefix, `${writer}: ${i}`);
        });
      });
      const files: { from: number; to: number; file: Uint8Array }[] = [];
      try {
        while (files.length < 3) {
          const from = await putTogether(client, prefix, "mark");
          const file = fileOf(await openSnapshot(client).rest());
          files.push({ from, to: revisionOf(await range(client, prefix)), file });
        }
      } finally {
        isDone = true;
        await Promise.all(writers);
      }
      for (const { from, to, file } of files) {
        await withRestored(file, async (restored) => {
          const found = await rangePrefix(restored, prefix);
          const revision = revisionOf(found);
          assert.ok(from <= revision && revision <= to, `${from}, ${revision}, ${to}`);
          const values = new Set(pairs(found.kvs, prefix).map((pair) => pair.replace(/^.=/, "")));
          assert.equal(values.size, 1, [...values].join());
          assert.deepEqual(found.kvs, (await rangePrefix(client, prefix, { revision })).kvs);
        });
      }
    },
    NEEDS_ETCD,
  );

  test("those that are given up leave nothing behind", async ({ client, prefix, server }) => {
    await fill(client, `${prefix}filler/`);
    for (let i = 0; i < 20; i++) {
      await withClient(server, async (client) => {
        const stream = openSnapshot(client);
        await stream.next();
        stream.cancel();
        assert.equal((await stream.ended).code, GrpcCode.Canceled);
      });
    }
    fileOf(await openSnapshot(client).rest());
  });

  test("it ends at its deadline, however slow the client is", async ({ client, prefix }) => {
    await fill(client, `${prefix}filler/`);
    const stream = openSnapshot(client, { deadlineMs: 300 });
    await stream.next();
    stream.pause();
    assert.equal((await stream.ended).code, GrpcCode.DeadlineExceeded);
    fileOf(await openSnapshot(client).rest());
  });

  test("several at a time all get the whole of it", async ({ client, prefix, server }) => {
    await put(client, `${prefix}a`, "1");
    const one = (): Promise<Uint8Array> =>
      withClient(server, async (client) => fileOf(await openSnapshot(client).rest()));
    for (const file of await Promise.all([one(), one(), one()])) {
      assert.ok(latin1FromBytes(file).includes(`${prefix}a`));
    }
  });

  test("etcdctl saves it and finds it sound", async ({ client, prefix, server }) => {
    const revision = revisionOf(await put(client, `${prefix}a`, "1"));
    const directory = await Deno.makeTempDir({ prefix: "snapshot-" });
    try {
      const path = `${directory}/backup.db`;
      assert.deepEqual(await ctlLines(server, ["snapshot", "save", path]), [
        `Snapshot saved at ${path}`,
      ]);
      const status = await ctlFields(server, ["snapshot", "status", path]);
      assert.equal(status.get("Revision"), String(revision));
      assert.equal(Number(status.get("Size")), (await Deno.stat(path)).size - 32);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }, NEEDS_ETCD);
});
