import { basename, join } from "node:path";
import { BTreeFile } from "../../disk/btree/btree_file.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import type { UtlContext } from "./context.ts";
import { lockDatabase } from "./database_lock.ts";

/** Where the B-tree file is in a member's directory. */
export function databasePathIn(dataDir: string): string {
  return join(dataDir, "member", "snap", "db");
}

/** The B-tree file that is meant by a path: of a data directory, or the file itself. */
export function databasePathOf(context: UtlContext, path: string): string {
  const isDirectory = context.io.fileSystem.stat(path)?.isDirectory === true;
  const dbPath = isDirectory ? databasePathIn(path) : path;
  context.fileSize(dbPath);
  return dbPath;
}

const INSTEAD = "To look at the data of a running server, use a backup (detcd ctl snapshot save).";

/**
 * Uses a B-tree file that only stays as it is while nobody writes to it, so one that may be a
 * server's is locked meanwhile.
 */
export async function whileUnused<T>(
  context: UtlContext,
  dbPath: string,
  use: () => Promise<T>,
): Promise<T> {
  if (basename(dbPath) !== "db") return await use();
  const lock = await lockDatabase(context, dbPath, INSTEAD);
  try {
    return await use();
  } finally {
    lock.release();
  }
}

/** Nothing else runs in this process, so nobody waits for a turn. */
export function yieldTurn(): Promise<void> {
  return Promise.resolve();
}

/** Opens a B-tree file only to read it. */
export async function withTree<T>(
  context: UtlContext,
  fileSystem: FileSystem,
  path: string,
  use: (tree: BTreeFile, read: ReadTransaction) => Promise<T>,
): Promise<T> {
  const options = { clock: context.io.clock, yieldTurn, readOnly: true };
  const tree = await BTreeFile.open(fileSystem, path, options);
  try {
    const read = tree.beginRead();
    try {
      return await use(tree, read);
    } finally {
      read.close();
    }
  } finally {
    await tree.close();
  }
}
