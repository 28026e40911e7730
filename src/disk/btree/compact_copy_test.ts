import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { newMemoryDisk } from "../testing/wal_fixtures.ts";
import { BTreeFile } from "./btree_file.ts";
import {
  applyToModel,
  checkBranches,
  checkFile,
  commit,
  type Model,
  openSmall,
  RandomWorkload,
  SMALL,
} from "./testing/btree_fixtures.ts";
import { compactCopy } from "./compact_copy.ts";

Deno.test("compactCopy() makes a file without free pages that holds the same", async () => {
  for (let seed = 0; seed < 30; seed++) {
    const prng = new Prng(seed);
    const disk = newMemoryDisk({ tracksUnsynced: false });
    const file = await openSmall(disk);
    const workload = new RandomWorkload(prng, 5000);
    let model: Model = new Map();
    for (let i = 0; i < 10; i++) {
      const operations = workload.transaction(model, prng.pick([20, 300]));
      model = applyToModel(model, operations);
      await commit(file, operations);
    }
    const read = file.beginRead();
    await compactCopy(read, { ...SMALL, fileSystem: disk, path: "data/copy" });
    read.close();
    const size = file.sizeBytes;
    await file.close();
    const copy = await BTreeFile.open(disk, "data/copy", SMALL);
    await checkFile(copy, model, `seed ${seed}`);
    checkBranches(copy);
    assert.equal(copy.freeBytes, 0);
    assert.equal(disk.stat("data/copy")?.sizeBytes, copy.sizeBytes);
    assert.ok(copy.sizeBytes <= size, `${copy.sizeBytes} after ${size}`);
    const more = workload.transaction(model, 100);
    await commit(copy, more);
    await checkFile(copy, applyToModel(model, more), `seed ${seed}, going on`);
    await copy.close();
  }
});
