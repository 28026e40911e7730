import { EtcdError } from "../../../core/errors.ts";
import { type FileHashKv, hashKvOfFile } from "../../../disk/backend/file_hash_kv.ts";
import { CLI_LIMITS } from "../../limits.ts";
import { int64Flag } from "../../ctl/flags/flag.ts";
import type { UtlCommand } from "../command.ts";
import type { UtlContext } from "../context.ts";
import { databasePathOf, whileUnused, withTree, yieldTurn } from "../database.ts";
import { printReport } from "../report.ts";

/** Prints what HashKV would answer on a file. */
export const HASHKV_COMMAND: UtlCommand = {
  name: "hashkv",
  synopsis: "<filename or data directory>",
  short: "Prints the KV history hash of a given file",
  long: `When --write-out is set to simple, this command prints out comma-separated hash, hash ` +
    `revision and compact revision.
Members that hold the same data have the same hash at the same revision.`,
  flags: [int64Flag("rev", "maximum revision to hash (default: latest revision)")],
  async work(context) {
    const path = context.argument("hashkv requires exactly one argument");
    // What cannot be printed need not be computed.
    context.format(["simple", "fields", "json", "table"]);
    const result = await hashOf(context, databasePathOf(context, path));
    print(context, result);
  },
};

async function hashOf(context: UtlContext, dbPath: string): Promise<FileHashKv> {
  const { clock } = context.io;
  const what = `hashing ${dbPath}`;
  // Two passes where there was a compaction; nobody knows before.
  const options = { what, quietMs: CLI_LIMITS.progressQuietMs };
  try {
    return await whileUnused(
      context,
      dbPath,
      () =>
        context.watch(
          options,
          (watched) =>
            withTree(context, watched, dbPath, async (_, read) =>
              await hashKvOfFile(read, context.flags.int64("rev"), { clock, yieldTurn })),
        ),
    );
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    throw new Error(error.message.replace(/^etcdserver: /, ""), { cause: error });
  }
}

function print(context: UtlContext, result: FileHashKv): void {
  const { hash, hashRevision, compactRevision } = result;
  const row = [hash, hashRevision, compactRevision].map(String);
  printReport(context, {
    head: ["hash", "hash revision", "compact revision"],
    row,
    fields: [
      ["Hash", row[0]],
      ["Hash revision", row[1]],
      ["Compact revision", row[2]],
    ],
    json: { hash, hashRevision, compactRevision },
  });
}
