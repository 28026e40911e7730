import assert from "node:assert/strict";
import { join } from "node:path";
import { Prng } from "../../src/base/prng.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import { readBackendStatus } from "../../src/disk/backend/backend_status.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../src/pb/services.ts";
import { ctlLines } from "../harness/etcdctl.ts";
import { deleteRange, put, range, revisionOf } from "../harness/kv_calls.ts";
import {
  allPairs,
  askHashKv,
  assertHashKv,
  LEASE_ID,
  load,
  OPTIONS,
  test,
  withEtcd,
  withRead,
  writeFile,
} from "./etcd_backend.ts";
import { restore, writeMemberFile } from "./member_file.ts";

Deno.test({
  ...test,
  name: "hashKvOfFile() gives etcd's HashKV also where the compaction is still to be done",
  fn: () =>
    withDirectory((directory) =>
      withEtcd(async (client, server) => {
        await client.call(LEASE_SERVICE.leaseGrant, { id: LEASE_ID, ttl: 4711 });
        const last = await load(client, new Prng(2), 80);
        const path = join(directory, "db");
        await ctlLines(server, ["snapshot", "save", path]);
        for (const revision of [2, 40, last]) {
          const expected = await askHashKv(client, revision);
          assert.equal(expected.compactRevision, -1);
          await withRead(path, (read) => assertHashKv(read, revision, expected));
        }
        for (const compacted of [20, 33, last - 10]) {
          await client.call(KV_SERVICE.compact, { revision: compacted, physical: true });
          await writeFile(path, (batch) => batch.setScheduledCompactRevision(compacted));
          for (const revision of [compacted + 1, last - 9, last]) {
            const expected = await askHashKv(client, revision);
            assert.equal(expected.compactRevision, compacted);
            await withRead(path, (read) => assertHashKv(read, revision, expected));
          }
        }
        // Where nothing exists any more, what the compaction left counts.
        const revision = revisionOf(await deleteRange(client, "\0", { rangeEnd: "\0" }));
        const expected = await askHashKv(client, revision);
        await ctlLines(server, ["snapshot", "save", path]);
        await withRead(path, (read) => assertHashKv(read, revision, expected));
      })
    ),
});

/** What `snapshot restore --bump-revision --mark-compacted` of later versions does to a file. */
async function raiseRevision(path: string, revision: number): Promise<void> {
  await writeFile(path, (batch) => {
    batch.putChange(revision, 0, false, new Uint8Array(0), 0, 0);
    batch.setScheduledCompactRevision(revision);
  });
}

Deno.test({
  ...test,
  name: "hashKvOfFile() gives etcd's HashKV for a backup restored with a raised revision",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const dataDir = join(directory, "restored");
      await writeMemberFile(path, 300);
      await writeFile(path, (batch) => batch.replaceAlarms([]));
      await raiseRevision(path, 5000);
      const { totalKeys } = await withRead(path, (read) => readBackendStatus(read, OPTIONS));
      await restore(path, dataDir);
      await withEtcd(async (client, server) => {
        assert.equal((await allPairs(client)).length, totalKeys);
        await put(client, "new", "value");
        const [added] = (await range(client, "new")).kvs;
        assert.equal(added.modRevision, 5001);
        const expected = await askHashKv(client, 5001);
        assert.equal(expected.compactRevision, 5000);
        await client.close();
        await server.stop();
        const dbPath = join(dataDir, "member", "snap", "db");
        await withRead(dbPath, (read) => assertHashKv(read, 5001, expected));
        // The same where the compaction is still to be done.
        await writeFile(path, (batch) => {
          const bytes = KeyValue.encode(added);
          batch.putChange(5001, 0, false, bytes, 0, bytes.length);
        });
        await withRead(path, (read) => assertHashKv(read, 5001, expected));
      }, dataDir);
    }),
});
