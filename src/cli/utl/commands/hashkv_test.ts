import assert from "node:assert/strict";
import { plainText } from "../../ctl/byte_text.ts";
import { utl } from "../testing/captured_utl_io.ts";
import { fileSystemWith, sampleImage, withBackupHash } from "../testing/sample_files.ts";

// Whether the hash is right is decided by real etcd, in tests/disk.

Deno.test("hashkv prints hash, revision and compacted revision in every format", async () => {
  const fileSystem = fileSystemWith("b", withBackupHash(await sampleImage()));
  const json = await utl(["hashkv", "b", "-w", "json"], fileSystem);
  const { hash, ...revisions } = JSON.parse(json.out);
  assert.deepEqual(revisions, { hashRevision: 202, compactRevision: 2 });
  for (const command of [["hashkv"], ["snapshot", "hashkv"]]) {
    const simple = await utl([...command, "b"], fileSystem);
    assert.equal(simple.out, `${hash}, 202, 2\n`);
    assert.equal(simple.err, "");
  }
  const fields = await utl(["hashkv", "b", "-w", "fields"], fileSystem);
  assert.equal(fields.out, `"Hash" : ${hash}\n"Hash revision" : 202\n"Compact revision" : 2\n`);
  const table = await utl(["hashkv", "b", "-w", "table"], fileSystem);
  assert.match(plainText(table.out), /\n│ +HASH +│ HASH REVISION │ COMPACT REVISION │\n/);
});

Deno.test("hashkv hashes up to a revision that can be read", async () => {
  const fileSystem = fileSystemWith("b", await sampleImage());
  const [old, last] = await Promise.all(
    ["--rev=100", "--rev=0"].map((rev) => utl(["hashkv", "b", rev], fileSystem)),
  );
  assert.match(old.out, /^\d+, 100, 2\n$/);
  assert.notEqual(old.out.split(",")[0], last.out.split(",")[0]);
  for (
    const [rev, err] of [
      ["1", "mvcc: required revision has been compacted"],
      ["203", "mvcc: required revision is a future revision"],
    ]
  ) {
    const result = await utl(["hashkv", "b", `--rev=${rev}`], fileSystem);
    assert.equal(result.exitCode, 1);
    assert.equal(result.err, `Error: ${err}\n`);
  }
});
