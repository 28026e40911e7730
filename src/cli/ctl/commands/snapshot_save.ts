import { messageOf } from "../../../base/error_message.ts";
import { DiskError } from "../../../disk/disk_error.ts";
import { ClientError } from "../../../embed/client/client_error.ts";
import { openSnapshot } from "../../../embed/client/snapshot/snapshot.ts";
import { partPath, writeSnapshotFile } from "../../../embed/client/snapshot/snapshot_file.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { type ByteText, byteText, plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { statusText } from "../errors.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import { goErrorText } from "../go_error_text.ts";
import { showProgress } from "../shown_progress.ts";

/** Saves a backup of one member. */
export const SNAPSHOT_SAVE_COMMAND: Command = {
  name: "save",
  synopsis: "<filename>",
  short: "Stores an etcd node backend snapshot to a given file",
  async run(context) {
    if (context.args.length !== 1) {
      throw badArguments("snapshot save expects one argument <filename>");
    }
    const path = plainText(context.args[0]);
    try {
      const version = await save(context, path);
      context.io.stdout(byteText(`Snapshot saved at ${path}\n`));
      if (version !== "") context.io.stdout(byteText(`Server version ${version}\n`));
    } catch (error) {
      if (error instanceof CtlError) throw error;
      throw new CtlError(EXIT_CODE.interrupted, failureText(error, path), { cause: error });
    }
  },
};

/** Returns the version of the storage format, empty before 3.6. */
async function save(context: CommandContext, path: string): Promise<string> {
  const { flags, timeoutMs } = context;
  const endpoints = await context.endpoints();
  if (endpoints.length > 1) {
    const names = endpoints.join(" ");
    throw new Error(`snapshot must be requested to one selected node, not multiple [${names}]`);
  }
  // Waits for the connection, for which a stream has no patience.
  await context.call(MAINTENANCE_SERVICE.status, {});
  // A backup takes as long as it takes, unless somebody says how long it may take.
  const options = flags.changed("command-timeout") ? { timeoutMs } : {};
  await using snapshot = await openSnapshot(await context.session(), options);
  await showProgress(context.io, `saving ${path}`, snapshot.sizeBytes, (progress) => {
    const { fileSystem } = context.io;
    return writeSnapshotFile(fileSystem, path, snapshot, (bytes) => progress.add(bytes));
  });
  return snapshot.version;
}

/** What went wrong, in etcdctl's words where it has some. */
function failureText(error: unknown, path: string): ByteText {
  if (error instanceof DiskError) return byteText(diskFailureText(error, path));
  if (error instanceof ClientError) return byteText(statusText(error));
  return byteText(messageOf(error));
}

function diskFailureText(error: DiskError, path: string): string {
  const part = partPath(path);
  const why = goErrorText(error);
  if (error.operation === "open") return `could not open ${part} (open ${part}: ${why})`;
  if (error.operation.startsWith("rename")) {
    return `could not rename ${part} to ${path} (rename ${part} ${path}: ${why})`;
  }
  return error.message;
}
