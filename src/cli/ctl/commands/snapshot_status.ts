import { readBackendStatus } from "../../../disk/backend/backend_status.ts";
import { BTreeFile } from "../../../disk/btree/btree_file.ts";
import { DiskError } from "../../../disk/disk_error.ts";
import { byteText, plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import type { CtlIo } from "../io.ts";
import type { DatabaseStatus } from "../output/printer.ts";
import { showProgress } from "../shown_progress.ts";

/** Tells what a backup holds, as etcdctl did before etcdutl took that over. */
export const SNAPSHOT_STATUS_COMMAND: Command = {
  name: "status",
  synopsis: "<filename>",
  short: "Gets backend snapshot status of a given file",
  long: `When --write-out is set to simple, this command prints out comma-separated status lists ` +
    `for each endpoint.
The items in the lists are hash, revision, total keys, total size.`,
  async run({ io, args, printer }) {
    if (args.length !== 1) throw badArguments("snapshot status requires exactly one argument");
    const path = plainText(args[0]);
    io.stderr("Deprecated: Use `detcd utl snapshot status` instead.\n\n");
    try {
      printer.databaseStatus(await statusOf(io, path));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      const isMissing = error.code === "ENOENT";
      const text = isMissing ? `stat ${path}: no such file or directory` : error.message;
      throw new CtlError(EXIT_CODE.error, byteText(text), { cause: error });
    }
  },
};

async function statusOf(io: CtlIo, path: string): Promise<DatabaseStatus> {
  const { clock, fileSystem } = io;
  // Nothing else runs in this process, so nobody waits for a turn.
  const yieldTurn = (): Promise<void> => Promise.resolve();
  const options = { clock, yieldTurn, readOnly: true };
  const file = await BTreeFile.open(fileSystem, path, options);
  const read = file.beginRead();
  try {
    return await showProgress(io, `reading ${path}`, read.imageBytes, (progress) => {
      let doneBytes = 0;
      const onProgress = (bytes: number): void => {
        progress.add(bytes - doneBytes);
        doneBytes = bytes;
      };
      return readBackendStatus(read, { clock, yieldTurn, onProgress });
    });
  } finally {
    read.close();
    await file.close();
  }
}
