import assert from "node:assert/strict";
import { Prng } from "../../../base/prng.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import type { FaultyOperation } from "../../../disk/simulated_hardware.ts";
import { utl } from "../testing/captured_utl_io.ts";
import { sampleImage, withBackupHash, writeFile } from "../testing/sample_files.ts";

const backup = withBackupHash(await sampleImage());

/** With the log in the directory, and with the log elsewhere. */
const PLACES: readonly { readonly flags: readonly string[]; readonly check: readonly string[] }[] =
  [
    { flags: ["--data-dir=d"], check: ["check", "d"] },
    { flags: ["--data-dir=d", "--wal-dir=w"], check: ["check", "d", "--wal-dir=w"] },
  ];

function newDisk(): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  writeFile(fileSystem, "b", backup);
  return fileSystem;
}

/** The content of all files, to compare runs. */
function namesBelow(fileSystem: FileSystem, path: string): string[] {
  const info = fileSystem.stat(path);
  if (info === undefined) return [];
  if (!info.isDirectory) return [path];
  return fileSystem.readDirectory(path).flatMap((name) =>
    namesBelow(fileSystem, `${path}/${name}`)
  );
}

Deno.test("snapshot restore leaves a whole directory or none, wherever the power goes", async () => {
  for (const { flags, check } of PLACES) {
    const args = ["snapshot", "restore", "b", ...flags];
    const undisturbed = newDisk();
    const before = undisturbed.hardware.operationCount;
    assert.equal((await utl(args, undisturbed)).exitCode, 0);
    const operations = undisturbed.hardware.operationCount - before;
    assert(operations > 20, `${operations}`);
    const afterwards = undisturbed.afterCrash(new Prng(0), "lost");
    assert(await isWhole(afterwards, check, "all is on the disk at the end"));
    let wholeCount = 0;
    for (let operation = 1; operation <= operations; operation++) {
      for (const mode of ["lost", "kept", "torn"] as const) {
        const disk = newDisk();
        disk.hardware.crashAtOperation(disk.hardware.operationCount + operation);
        assert.equal((await utl(args, disk)).exitCode, 1);
        const after = disk.afterCrash(new Prng(operation), mode);
        const hint = `${flags.join(" ")}, operation ${operation}, ${mode}`;
        if (await isWhole(after, check, hint)) wholeCount++;
        else await restoreAgain(after, args, check, hint);
      }
    }
    assert(wholeCount > 0, "the last operations come behind the renaming");
  }
});

async function isWhole(
  fileSystem: MemoryFileSystem,
  check: readonly string[],
  hint: string,
): Promise<boolean> {
  const hasLog = [...namesBelow(fileSystem, "d/member"), ...namesBelow(fileSystem, "w")]
    .some((name) => name.endsWith(".wal"));
  if (!hasLog) return false;
  // What has a log passes for a member's data.
  const result = await utl(check, fileSystem);
  assert.equal(result.exitCode, 0, `${hint}: ${result.out}${result.err}`);
  return true;
}

async function restoreAgain(
  fileSystem: MemoryFileSystem,
  args: readonly string[],
  check: readonly string[],
  hint: string,
): Promise<void> {
  // Only if the log was to come last, data may be there without it; then a person has to decide.
  if (fileSystem.stat("d/member") !== undefined) {
    assert(args.includes("--wal-dir=w"), hint);
    return;
  }
  const { exitCode, err } = await utl(args, fileSystem);
  assert.equal(exitCode, 0, `${hint}: ${err}`);
  assert.equal((await utl(check, fileSystem)).exitCode, 0, hint);
}

Deno.test("snapshot restore removes its traces when the disk fails", async () => {
  const faults: [operation: FaultyOperation, code: string][] = [
    ["write", "ENOSPC"],
    ["sync", "EIO"],
    ["rename", "EIO"],
    ["create", "EACCES"],
    ["truncate", "ENOSPC"],
    ["read", "EIO"],
  ];
  for (const { flags } of PLACES) {
    const args = ["snapshot", "restore", "b", ...flags];
    for (const [operation, code] of faults) {
      let failures = 0;
      for (let after = 0;; after++) {
        const disk = newDisk();
        disk.hardware.inject({ operation, after, code });
        const { exitCode, err } = await utl(args, disk);
        if (exitCode === 0) break;
        failures++;
        const hint = `${flags.join(" ")}: ${operation} ${after}: ${err}`;
        assert.match(err, new RegExp(`${code}|damaged`), hint);
        assert.deepEqual(namesBelow(disk, "d"), [], hint);
        assert.deepEqual(namesBelow(disk, "w"), [], hint);
        assert.deepEqual(namesBelow(disk, "w.restoring"), [], hint);
        assert.deepEqual(namesBelow(disk, "w.restoring.tmp"), [], hint);
        assert.equal((await utl(args, disk)).exitCode, 0, hint);
      }
      assert(failures > 0, operation);
    }
  }
});
