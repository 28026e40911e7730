import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { byteText, plainText } from "../byte_text.ts";
import { endpointsOf } from "../cluster_endpoints.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { errorText } from "../errors.ts";
import { CtlError, EXIT_CODE, SilentExit } from "../exit_code.ts";
import { boolFlag, stringFlag } from "../flags/flag.ts";
import { stopwatch } from "../stopwatch.ts";

/** Gives the space that is free in members' files back to their file systems. */
export const DEFRAG_COMMAND: Command = {
  name: "defrag",
  short: "Defragments the storage of the etcd members with given endpoints",
  flags: [
    boolFlag("cluster", "use all endpoints from the cluster member list"),
    stringFlag(
      "data-dir",
      "",
      "Optional. If present, defragments a data directory not in use by etcd.",
    ),
  ],
  async run(context) {
    const dataDir = plainText(context.flags.text("data-dir"));
    if (dataDir === "") await defragmentMembers(context);
    else await defragmentDirectory(context, dataDir);
  },
};

async function defragmentMembers(context: CommandContext): Promise<void> {
  let hasFailed = false;
  for (const endpoint of await endpointsOf(context)) {
    const took = stopwatch(context.io.clock);
    try {
      await context.call(MAINTENANCE_SERVICE.defragment, {}, endpoint);
      const text = `Finished defragmenting etcd member[${endpoint}]. took ${took()}\n`;
      context.io.stdout(byteText(text));
    } catch (error) {
      if (error instanceof CtlError) throw error;
      hasFailed = true;
      const what = `Failed to defragment etcd member[${endpoint}]. took ${took()}.`;
      context.io.stderr(byteText(`${what} (${errorText(error)})\n`));
    }
  }
  if (hasFailed) throw new SilentExit(EXIT_CODE.error);
}

/** A directory that no server uses is the other tool's work. */
async function defragmentDirectory({ io }: CommandContext, dataDir: string): Promise<void> {
  const { utlMain } = await import("../../utl/main.ts");
  const exitCode = await utlMain(["defrag", `--data-dir=${dataDir}`], io);
  if (exitCode !== EXIT_CODE.success) throw new SilentExit(exitCode);
}
