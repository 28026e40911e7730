import assert from "node:assert/strict";
import { plainText } from "../../ctl/byte_text.ts";
import { Prng } from "../../../base/prng.ts";
import { utl } from "../testing/captured_utl_io.ts";
import {
  fileSystemWith,
  flipBit,
  SAMPLE_KEYS,
  SAMPLE_PAGE_BYTES,
  SAMPLE_REVISION,
  sampleImage,
  withBackupHash,
  withWrongPage,
} from "../testing/sample_files.ts";

/** 201 changes; 4 + 6 pairs of the other buckets: see sample_files.ts. */
const SAMPLE_PAIRS = 213;

async function status(bytes: Uint8Array, args: readonly string[] = []): Promise<string> {
  const result = await utl(["snapshot", "status", "b", ...args], fileSystemWith("b", bytes));
  assert.equal(result.exitCode, 0, result.err);
  return result.out;
}

Deno.test("snapshot status prints what etcdutl of the file's version would", async () => {
  const image = await sampleImage();
  const { hash, ...rest } = JSON.parse(await status(withBackupHash(image), ["-w", "json"]));
  const totalSize = image.length;
  const revision = SAMPLE_REVISION;
  assert.deepEqual(rest, { revision, totalKey: SAMPLE_KEYS, totalSize, version: "3.6.0" });
  // Without its hash it is a copy of a member's file, and the same to this command.
  const simple = `${hash.toString(16)}, ${revision}, ${SAMPLE_KEYS}, 57 kB, 3.6.0\n`;
  assert.equal(await status(image), simple);
  assert.equal(
    await status(image, ["-w", "fields"]),
    `"Hash" : ${hash}\n"Revision" : ${revision}\n"Keys" : ${SAMPLE_KEYS}\n` +
      `"Size" : ${totalSize}\n"Version" : 3.6.0\n`,
  );
  const table = plainText(await status(image, ["-w", "table"])).split("\n");
  assert.equal(table[1], "│   HASH   │ REVISION │ TOTAL KEYS │ TOTAL SIZE │ VERSION │");
  assert.equal(table[3], `│ ${hash.toString(16)} │      202 │        199 │      57 kB │   3.6.0 │`);
});

Deno.test("snapshot status prints as another etcd when it is told to", async () => {
  const image = await sampleImage();
  const old = JSON.parse(await status(image, ["-w", "json", "--compat-version=3.5"]));
  assert.deepEqual(Object.keys(old), ["hash", "revision", "totalKey", "totalSize"]);
  assert.equal(old.totalKey, SAMPLE_PAIRS);
});

Deno.test("snapshot status refuses a backup in which a bit has turned over", async () => {
  const backup = withBackupHash(await sampleImage());
  const prng = new Prng(1);
  for (let i = 0; i < 100; i++) {
    const bit = prng.between(0, backup.length * 8 - 1);
    const fileSystem = fileSystemWith("b", flipBit(backup, bit));
    const { exitCode, out, err } = await utl(["snapshot", "status", "b"], fileSystem);
    assert.equal(exitCode, 1, `bit ${bit}`);
    assert.equal(out, "");
    assert.match(err, /^Error: expected sha256 \[.*\], got \[.*\]: b is damaged. Use another/);
  }
});

Deno.test("snapshot status names the place of what is wrong with a copy without a hash", async () => {
  const image = await sampleImage();
  const { image: damaged, pageId } = withWrongPage(image);
  const fileSystem = fileSystemWith("b", damaged);
  const { exitCode, err } = await utl(["snapshot", "status", "b"], fileSystem);
  assert.equal(exitCode, 1);
  const place = `b: byte ${pageId * SAMPLE_PAGE_BYTES}: page ${pageId} says that it is page `;
  const start = "Error: snapshot file integrity check failed. 1 errors found.\n";
  assert(err.startsWith(start + place), err);
  const cut = fileSystemWith("b", image.subarray(0, 5000));
  const result = await utl(["snapshot", "status", "b"], cut);
  assert.match(result.err, /^Error: b is damaged at byte 5000: .*\. Use another backup\n$/);
});
