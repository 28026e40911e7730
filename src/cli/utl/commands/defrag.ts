import { dirname } from "node:path";
import { messageOf } from "../../../base/error_message.ts";
import { compactCopy } from "../../../disk/btree/compact_copy.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { humanBytes } from "../../ctl/output/human_bytes.ts";
import { stringFlag } from "../../ctl/flags/flag.ts";
import type { UtlCommand } from "../command.ts";
import type { UtlContext } from "../context.ts";
import { databasePathIn, withTree, yieldTurn } from "../database.ts";
import { lockDatabase } from "../database_lock.ts";
import { requireIntegrity } from "../integrity.ts";

const INSTEAD = "To defrag a running etcd instance, use detcd ctl defrag.";

/** Gives the space of free pages back to the file system, while no server runs. */
export const DEFRAG_COMMAND: UtlCommand = {
  name: "defrag",
  synopsis: "--data-dir <directory>",
  short: "Defragments the storage of the etcd",
  long: `Writes member/snap/db anew without its free pages. No server may run on the directory.
The new file takes the place of the old one only when it is complete and on the disk.`,
  flags: [
    stringFlag(
      "data-dir",
      "",
      "Required. Defragments a data directory not in use by etcd.",
    ),
  ],
  async work(context) {
    const dataDir = context.text("data-dir");
    if (dataDir === "") throw new Error(`required flag(s) "data-dir" not set`);
    try {
      await defragment(context, databasePathIn(dataDir));
    } catch (error) {
      const why = messageOf(error);
      const message = `Failed to defragment etcd data[${dataDir}] (${why})`;
      throw new Error(message, { cause: error });
    }
  },
};

async function defragment(context: UtlContext, dbPath: string): Promise<void> {
  const { fileSystem } = context.io;
  if (fileSystem.stat(dbPath) === undefined) {
    const why = `open ${dbPath}: no such file or directory`;
    throw new Error(`cannot open database at ${dbPath} (${why})`);
  }
  const lock = await lockDatabase(context, dbPath, INSTEAD);
  try {
    await replaceByCopy(context, dbPath);
  } finally {
    lock.release();
  }
}

async function replaceByCopy(context: UtlContext, dbPath: string): Promise<void> {
  const { fileSystem } = context.io;
  const sizeBytes = context.fileSize(dbPath);
  // A server that starts removes what has such a name.
  const copyPath = `${dbPath}.tmp.defrag`;
  fileSystem.removeTree(copyPath);
  try {
    const what = `defragmenting ${dbPath}`;
    await context.watch({ what, totalBytes: 2 * sizeBytes }, async (watched) => {
      await copyTree(context, watched, dbPath, copyPath);
    });
    await putInPlace(fileSystem, copyPath, dbPath);
  } catch (error) {
    fileSystem.removeTree(copyPath);
    throw error;
  }
  const after = context.fileSize(dbPath);
  context.note(`${dbPath} had ${humanBytes(sizeBytes)} and has ${humanBytes(after)} now`);
}

/** A lock is on a file, not on its name, so the new one has to be locked before it gets the name. */
async function putInPlace(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  const lock = fileSystem.tryLock(from);
  try {
    fileSystem.rename(from, to);
    await fileSystem.syncDirectory(dirname(to));
  } finally {
    lock?.release();
  }
}

/** Copies a tree, unless it is damaged: the copy would replace what can still be saved. */
async function copyTree(
  context: UtlContext,
  fileSystem: FileSystem,
  from: string,
  to: string,
): Promise<void> {
  const { clock } = context.io;
  await withTree(context, fileSystem, from, async (tree, read) => {
    await requireIntegrity(tree);
    await compactCopy(read, { fileSystem, path: to, clock, yieldTurn });
  });
}
