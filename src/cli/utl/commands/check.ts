import { basename, dirname, join } from "node:path";
import { formatJson } from "../../../base/json.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { haveWal, listWalSegments, parseWalSegment } from "../../../disk/wal_segment.ts";
import { EXIT_CODE, SilentExit } from "../../ctl/exit_code.ts";
import { stringFlag } from "../../ctl/flags/flag.ts";
import { BackupHashMismatch, hasBackupHash, requireBackupHash } from "../backup_hash.ts";
import { checkMember, type MemberPaths, memberPaths } from "../check/data_dir_check.ts";
import { checkDatabase } from "../check/database_check.ts";
import { type Finding, Findings } from "../check/findings.ts";
import { checkLog } from "../check/log_check.ts";
import { checkSnapFile } from "../check/snap_files_check.ts";
import type { UtlCommand } from "../command.ts";
import type { UtlContext } from "../context.ts";
import { whileUnused } from "../database.ts";

/** A B-tree file is read once for its pages and once for its pairs. */
const DATABASE_PASSES = 2;

/** Checks the files of a member, or a backup, without changing anything. */
export const CHECK_COMMAND: UtlCommand = {
  name: "check",
  synopsis: "<data directory, db file, snapshot file, WAL directory, .wal or .snap file>",
  short: "Checks the files of a member, or a snapshot, for damage",
  long: `Reads everything and changes nothing. Of a data directory: the chain of checksums of the
log, the .snap files, every page and every pair of the B-tree file, and whether these fit
together. Of a snapshot: its hash, every page and every pair. One line a finding, with file and
byte; the exit code is 1 if there is any.`,
  flags: [stringFlag("wal-dir", "", "Path to the WAL directory of the member, if it is elsewhere")],
  async work(context) {
    const path = context.argument("check requires exactly one argument");
    const format = context.format(["simple", "json"]);
    const findings = new Findings();
    await checkAt(context, path, findings);
    if (format === "json") printJson(context, path, findings);
    else print(context, path, findings);
    if (findings.list.length > 0) throw new SilentExit(EXIT_CODE.error);
  },
};

async function checkAt(context: UtlContext, path: string, findings: Findings): Promise<void> {
  const { fileSystem } = context.io;
  const info = fileSystem.stat(path);
  if (info === undefined) throw new Error(`stat ${path}: no such file or directory`);
  const what = `checking ${path}`;
  if (info.isDirectory && haveWal(fileSystem, path)) {
    await context.watch({ what }, (watched) => checkLogIn(watched, path, findings));
  } else if (info.isDirectory) {
    await checkDataDir(context, path, findings);
  } else {
    const passes = DATABASE_PASSES + (hasBackupHash(info.sizeBytes) ? 1 : 0);
    const options = { what, totalBytes: passes * info.sizeBytes };
    await whileUnused(
      context,
      path,
      () => context.watch(options, (watched) => checkFile(context, watched, path, findings)),
    );
  }
}

async function checkDataDir(context: UtlContext, path: string, findings: Findings): Promise<void> {
  const paths = memberPaths(path, context.text("wal-dir"));
  requireMember(context.io.fileSystem, path, paths);
  await whileUnused(context, paths.db, () => {
    const databaseBytes = DATABASE_PASSES * context.fileSize(paths.db);
    const totalBytes = databaseBytes + logBytes(context, paths.wal);
    const options = { what: `checking ${path}`, totalBytes };
    return context.watch(options, (watched) => checkMember(context, watched, paths, findings));
  });
}

/** The size of all segments; the end of the last one is usually not written yet. */
function logBytes(context: UtlContext, directory: string): number {
  const names = context.io.fileSystem.readDirectory(directory);
  const sizes = names.filter((name) => name.endsWith(".wal"))
    .map((name) => context.fileSize(join(directory, name)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function requireMember(fileSystem: FileSystem, path: string, paths: MemberPaths): void {
  if (fileSystem.stat(paths.db) !== undefined && haveWal(fileSystem, paths.wal)) return;
  const missing = fileSystem.stat(paths.db) === undefined ? paths.db : `any .wal in ${paths.wal}`;
  throw new Error(
    `${path} is not the data directory of a member: there is not ${missing}. ` +
      "Name one, with --wal-dir if its log is elsewhere, or a file",
  );
}

async function checkLogIn(fileSystem: FileSystem, path: string, findings: Findings): Promise<void> {
  await findings.attempt(() =>
    checkLog(fileSystem, path, listWalSegments(fileSystem, path), findings)
  );
}

async function checkFile(
  context: UtlContext,
  fileSystem: FileSystem,
  path: string,
  findings: Findings,
): Promise<void> {
  const name = basename(path);
  const segment = parseWalSegment(name);
  if (segment !== undefined) {
    await findings.attempt(() => checkLog(fileSystem, dirname(path), [segment], findings));
    return;
  }
  if (name.endsWith(".snap")) {
    await findings.attempt(() => checkSnapFile(fileSystem, path, name, findings));
    return;
  }
  if (hasBackupHash(context.fileSize(path))) checkHash(fileSystem, path, findings);
  await checkDatabase(context, fileSystem, path, findings);
}

function checkHash(fileSystem: FileSystem, path: string, findings: Findings): void {
  try {
    requireBackupHash(fileSystem, path);
  } catch (error) {
    if (!(error instanceof BackupHashMismatch)) throw error;
    const offset = error.imageBytes;
    findings.add(path, offset, "the SHA-256 of all before is not the one that stands here");
  }
}

function print(context: UtlContext, path: string, findings: Findings): void {
  for (const finding of findings.list) context.print(textOf(finding));
  for (const note of findings.notes) context.print(`note: ${note}`);
  const count = findings.list.length;
  const result = count === 0
    ? "nothing is wrong"
    : `${count} ${count === 1 ? "thing is" : "things are"} wrong`;
  context.print(`checked ${path}: ${result}`);
}

function textOf({ path, offset, what }: Finding): string {
  return offset === undefined ? `${path}: ${what}` : `${path}: byte ${offset}: ${what}`;
}

function printJson(context: UtlContext, path: string, findings: Findings): void {
  context.print(formatJson({
    path,
    findings: findings.list.map(({ path: file, offset, what }) => ({
      file,
      ...(offset === undefined ? {} : { offset }),
      what,
    })),
    notes: findings.notes,
  }));
}
