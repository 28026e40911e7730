import assert from "node:assert/strict";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { bytesEqual, bytesFromLatin1 } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Prng } from "../../src/base/prng.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import {
  applyToModel,
  checkFile,
  commit,
  contentsOf,
  type Model,
  type Operation,
  RandomWorkload,
  sameContents,
} from "../../src/disk/btree/testing/btree_fixtures.ts";
import { BTreeFile, type BTreeOptions } from "../../src/disk/btree/btree_file.ts";
import { compactCopy } from "../../src/disk/btree/compact_copy.ts";
import { newFileImage } from "../../src/disk/btree/new_file.ts";
import { DenoFileSystem } from "../../src/disk/deno_file_system.ts";
import { readFile } from "../../src/disk/testing/files.ts";
import { commandOf, type Freelist, parseDump, runBbolt, whyNoBbolt } from "./bbolt_peer.ts";

const missing = whyNoBbolt();
if (missing !== undefined) console.log(`tests/disk: without bbolt, ${missing}`);
const test = { ignore: missing !== undefined };

const fileSystem = new DenoFileSystem();

const OPTIONS: BTreeOptions = { clock: systemClock, yieldTurn: () => setImmediate() };

/** Fails unless bbolt finds no fault with the file and the given contents in it. */
async function checkWithBbolt(
  path: string,
  pageBytes: number,
  freelist: Freelist,
  model: Model,
): Promise<void> {
  const lines = await runBbolt(path, pageBytes, freelist, ["check", "dump"]);
  assert.deepEqual(lines.filter((line) => line.startsWith("problem")), []);
  assert.ok(sameContents(parseDump(lines), model), "bbolt reads the same");
}

/** One file in the hands of both in turn. */
async function shareFile(seed: number, directory: string): Promise<void> {
  const prng = new Prng(seed);
  const path = join(directory, `db${seed}`);
  const pageBytes = prng.pick([1024, 4096, 16_384]);
  const freelist = prng.pick(["freelist", "nofreelist"] as const);
  const workload = new RandomWorkload(prng, 3 * pageBytes);
  let model: Model = new Map();
  const nextTransaction = (): readonly Operation[] => {
    const operations = workload.transaction(model, prng.pick([5, 60, 400]));
    model = applyToModel(model, operations);
    return operations;
  };
  for (let round = 0; round < 4; round++) {
    const commands: string[] = [];
    for (let i = prng.between(0, 4); i > 0; i--) {
      commands.push(...nextTransaction().map(commandOf), "commit");
    }
    if (round > 0 || prng.chance(0.5)) await runBbolt(path, pageBytes, freelist, commands);
    else model = new Map();

    const file = await BTreeFile.open(fileSystem, path, { ...OPTIONS, pageBytes });
    await checkFile(file, model, "what bbolt left");
    for (let i = prng.between(0, 4); i > 0; i--) await commit(file, nextTransaction());
    await checkFile(file, model, "after our changes");
    await file.close();
    await checkWithBbolt(path, pageBytes, freelist, model);
  }
}

Deno.test({
  ...test,
  name: "BTreeFile and bbolt take turns on a file and see the same",
  fn: () =>
    withDirectory(async (directory) => {
      for (let seed = 0; seed < 60; seed++) {
        try {
          await shareFile(seed, directory);
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
    }),
});

Deno.test({
  ...test,
  name: "BTreeFile.check() reads a freelist of more pages than a page's count can tell",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const commands = ["fill .6b .61 70000000", "commit", "delete .6b .61", "commit"];
      await runBbolt(path, 1024, "freelist", commands);
      const file = await BTreeFile.open(fileSystem, path, OPTIONS);
      assert.ok(file.freeBytes > 70_000_000);
      assert.deepEqual(await file.check(), []);
      await file.close();
      const reader = await BTreeFile.open(fileSystem, path, { ...OPTIONS, readOnly: true });
      assert.deepEqual(await reader.check(), []);
      await reader.close();
    }),
});

Deno.test({
  ...test,
  name: "newFileImage() is how bbolt begins a file, to the byte",
  fn: () =>
    withDirectory(async (directory) => {
      for (const pageBytes of [1024, 4096, 65_536]) {
        const path = join(directory, `db${pageBytes}`);
        await runBbolt(path, pageBytes, "freelist", []);
        assert.ok(bytesEqual(readFile(fileSystem, path), newFileImage(pageBytes)));
      }
    }),
});

Deno.test({
  ...test,
  name: "compactCopy() and readImage() make files that bbolt finds no fault with",
  fn: () =>
    withDirectory(async (directory) => {
      for (let seed = 0; seed < 12; seed++) {
        const prng = new Prng(seed);
        const pageBytes = prng.pick([1024, 4096]);
        const path = join(directory, `db${seed}`);
        const file = await BTreeFile.open(fileSystem, path, { ...OPTIONS, pageBytes });
        const workload = new RandomWorkload(prng, 3 * pageBytes);
        let model: Model = new Map();
        for (let i = 0; i < 12; i++) {
          const operations = workload.transaction(model, prng.pick([10, 800]));
          model = applyToModel(model, operations);
          await commit(file, operations);
        }
        const read = file.beginRead();
        await compactCopy(read, { ...OPTIONS, fileSystem, path: `${path}.copy` });
        const image = new Uint8Array(read.imageBytes);
        assert.equal(read.readImage(image, 0, image.length, 0), image.length);
        Deno.writeFileSync(`${path}.image`, image);
        read.close();
        await file.close();
        for (const made of [`${path}.copy`, `${path}.image`]) {
          const size = fileSystem.stat(made)?.sizeBytes ?? 0;
          assert.ok(size % pageBytes === 0 && size <= image.length);
          await checkWithBbolt(made, pageBytes, "nofreelist", model);
        }
      }
    }),
});

Deno.test({
  ...test,
  name: "BTreeFile leaves alone buckets within buckets, and deletes them with the outer one",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const outer = ".6f75746572";
      const commands = [`put ${outer} .61 .31`, `nest ${outer} .6e`, `put ${outer} .7a .32`];
      await runBbolt(path, 4096, "freelist", [...commands, "commit"]);
      const before = await runBbolt(path, 4096, "freelist", ["dump"]);
      assert.equal(before.length, 304);

      const file = await BTreeFile.open(fileSystem, path, OPTIONS);
      assert.deepEqual(await file.check(), []);
      const write = file.beginWrite();
      const bucket = write.bucket("outer");
      assert.equal(bucket?.get(bytesFromLatin1("n")), undefined);
      assert.throws(() => bucket?.put(bytesFromLatin1("n"), new Uint8Array(1)), {
        name: "DiskError",
      });
      bucket?.put(bytesFromLatin1("a"), bytesFromLatin1("1"));
      await write.commit();
      assert.deepEqual(await file.check(), []);
      const read = file.beginRead();
      await compactCopy(read, { ...OPTIONS, fileSystem, path: `${path}.copy` });
      read.close();
      await file.close();
      for (const made of [path, `${path}.copy`]) {
        assert.deepEqual(await runBbolt(made, 4096, "nofreelist", ["check", "dump"]), before);
      }

      const again = await BTreeFile.open(fileSystem, path, OPTIONS);
      const deleting = again.beginWrite();
      assert.ok(deleting.deleteBucket("outer"));
      await deleting.commit();
      await checkFile(again, new Map(), "after deleting");
      assert.deepEqual(contentsOf(again).size, 0);
      await again.close();
      assert.deepEqual(await runBbolt(path, 4096, "nofreelist", ["check", "dump"]), []);
    }),
});
