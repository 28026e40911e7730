import assert from "node:assert/strict";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import type { Client } from "../../src/embed/client/client.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";
import { ctlFields, ctlLines } from "../harness/etcdctl.ts";
import { findProgram } from "../harness/programs.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

const VALUE = "x".repeat(100_000);

async function fill(client: Client, prefix: string): Promise<void> {
  await Promise.all(Array.from({ length: 80 }, (_, i) => client.put(prefix + i, VALUE)));
}

const NEEDS_ETCDCTL = findProgram("etcdctl") !== undefined
  ? {}
  : { notOn: { etcd: "etcdctl is not here", detcd: "etcdctl is not here" } };

describeBothTargets("Client maintenance", (test) => {
  const define = (
    name: string,
    body: (client: Client, context: TestContext) => Promise<void>,
    options = {},
  ): void =>
    test(name, async (context) => {
      await using client = await connect(context.server.endpoint);
      await body(client, context);
    }, options);

  define("saves a backup that etcdctl finds sound", async (client, { prefix, server, target }) => {
    await fill(client, prefix);
    const { revision } = await client.put(`${prefix}a`, "1");
    await withDirectory(async (directory) => {
      const path = `${directory}/backup.db`;
      const steps: number[] = [];
      const { version, sizeBytes } = await client.saveSnapshot(path, {
        onProgress: ({ savedBytes, totalBytes }) => steps.push(savedBytes / totalBytes),
      });
      assert.equal(version, target === "etcd" ? "" : "3.7.0");
      const { size, mode } = await Deno.stat(path);
      assert.deepEqual([size, (mode ?? 0) & 0o777], [sizeBytes, 0o600]);
      assert.ok(steps.length > 100);
      assert.deepEqual([steps, steps.at(-1)], [steps.toSorted((a, b) => a - b), 1]);
      const status = await ctlFields(server, ["snapshot", "status", path]);
      assert.equal(status.get("Revision"), String(revision));
      await ctlLines(server, ["snapshot", "restore", path, "--data-dir", `${directory}/data`]);
      assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).toSorted(), [
        "backup.db",
        "data",
      ]);
    });
  }, NEEDS_ETCDCTL);

  define("reads a backup slower than it comes, and leaves it when it likes", async (client, {
    prefix,
  }) => {
    await fill(client, prefix);
    await using snapshot = await client.snapshot();
    for await (const piece of snapshot) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(piece.length > 0);
      if (snapshot.receivedBytes > 1_000_000) break;
    }
    assert.ok(snapshot.receivedBytes < snapshot.sizeBytes);
    await using whole = await client.snapshot();
    let sizeBytes = 0;
    for await (const piece of whole) sizeBytes += piece.length;
    assert.equal(sizeBytes, whole.sizeBytes);
  });

  define("a backup whose connection breaks is an error and leaves no file", async (client, {
    prefix,
    server,
  }) => {
    await fill(client, prefix);
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using other = await connect(proxy.endpoint);
    await withDirectory(async (directory) => {
      const saving = other.saveSnapshot(`${directory}/backup.db`, {
        onProgress: ({ savedBytes }) => {
          if (savedBytes > 1_000_000) proxy.cut();
        },
      });
      await assert.rejects(saving, { code: GrpcCode.Unavailable });
      assert.deepEqual([...Deno.readDirSync(directory)], []);
    });
  });

  define("tells of a file that cannot be written", async (client) => {
    await assert.rejects(client.saveSnapshot("/no/such/directory/backup.db"), {
      name: "DiskError",
      path: "/no/such/directory/backup.db.part",
    });
  });

  define("ends a backup at its deadline and when it is aborted", async (client, { prefix }) => {
    await fill(client, prefix);
    await using late = await client.snapshot({ timeoutMs: 1_000 });
    await late.next();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await assert.rejects(late.next(), { code: GrpcCode.DeadlineExceeded });
    const controller = new AbortController();
    await using aborted = await client.snapshot({ signal: controller.signal });
    await aborted.next();
    controller.abort();
    await assert.rejects(aborted.next(), { code: GrpcCode.Canceled });
  });

  define("hashes the file and the history", async (client, { prefix, target }) => {
    const { revision } = await client.put(`${prefix}a`, "1");
    const [hash, hashKv] = [await client.hash(), await client.hashKv()];
    assert.deepEqual(await client.hash(), hash);
    assert.deepEqual(hashKv, {
      revision,
      hash: hashKv.hash,
      hashRevision: target === "etcd" ? 0 : revision,
      compactRevision: -1,
    });
    await client.put(`${prefix}a`, "2");
    assert.notEqual(await client.hash(), hash);
    assert.equal((await client.hashKv({ revision })).hash, hashKv.hash);
    assert.notEqual((await client.hashKv()).hash, hashKv.hash);
    await assert.rejects(client.hashKv({ revision: revision + 100 }), {
      code: GrpcCode.OutOfRange,
    });
  });

  define("defragments, and status tells the sizes", async (client, { prefix, target }) => {
    await fill(client, prefix);
    await client.hash();
    const before = await client.status();
    const { revision } = await client.delete(prefix, { prefix: true });
    await client.compact(revision, { physical: true });
    await client.defragment();
    const after = await client.status();
    assert.ok(after.dbSizeBytes < before.dbSizeBytes - 70 * VALUE.length);
    assert.ok(after.dbSizeInUseBytes <= after.dbSizeBytes);
    assert.equal(after.dbSizeQuotaBytes, target === "etcd" ? 0 : 2 * 1024 ** 3);
    assert.equal(after.storageVersion, target === "etcd" ? "" : "3.7.0");
    assert.equal(after.downgradeTarget, "");
  });
});
