import { RESTORE_FLAGS } from "../../utl/restore/restore_flags.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments, EXIT_CODE, SilentExit } from "../exit_code.ts";

/** Makes a data directory out of a backup, as etcdctl did before etcdutl took that over. */
export const SNAPSHOT_RESTORE_COMMAND: Command = {
  name: "restore",
  synopsis: "<filename> [options]",
  short: "Restores an etcd member snapshot to an etcd directory",
  flags: RESTORE_FLAGS,
  async run({ io, args, flags }) {
    if (args.length !== 1) throw badArguments("snapshot restore requires exactly one argument");
    io.stderr("Deprecated: Use `detcd utl snapshot restore` instead.\n\n");
    const given = RESTORE_FLAGS.filter(({ name }) => flags.changed(name))
      .map(({ name }) => `--${name}=${plainText(flags.text(name))}`);
    const { utlMain } = await import("../../utl/main.ts");
    const words = ["snapshot", "restore", ...given, "--", plainText(args[0])];
    const exitCode = await utlMain(words, io);
    if (exitCode !== EXIT_CODE.success) throw new SilentExit(exitCode);
  },
};
