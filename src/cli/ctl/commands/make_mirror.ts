import { bytesFromLatin1 } from "../../../base/bytes.ts";
import { Client } from "../../../embed/client/client.ts";
import { plainText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { userCredentials } from "../connection/credentials.ts";
import { tlsOfFlagsNamed } from "../connection/tls.ts";
import type { CommandContext } from "../context.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag, int64Flag, onFlag, stringFlag, uintFlag } from "../flags/flag.ts";
import { MirrorTarget } from "../mirror_target.ts";

/** As many as a server allows by default. */
const DEFAULT_MAX_TXN_OPS = 128;

/** How often it is told how many keys have been mirrored. */
const REPORT_INTERVAL_MS = 30_000;

/** Copies keys to another cluster and every change behind them, until it is interrupted. */
export const MAKE_MIRROR_COMMAND: Command = {
  name: "make-mirror",
  synopsis: "[options] <destination>",
  short: "Makes a mirror at the destination etcd cluster",
  flags: [
    stringFlag("prefix", "", "Key-value prefix to mirror"),
    int64Flag("rev", "Specify the kv revision to start to mirror"),
    uintFlag(
      "max-txn-ops",
      DEFAULT_MAX_TXN_OPS,
      "Maximum number of operations permitted in a transaction during syncing updates.",
    ),
    stringFlag(
      "dest-prefix",
      "",
      "destination prefix to mirror a prefix to a different prefix in the destination cluster",
    ),
    boolFlag("no-dest-prefix", "mirror key-values to the root of the destination cluster"),
    stringFlag(
      "dest-cert",
      "",
      "Identify secure client using this TLS certificate file for the destination cluster",
    ),
    stringFlag("dest-key", "", "Identify secure client using this TLS key file"),
    stringFlag(
      "dest-cacert",
      "",
      "Verify certificates of TLS enabled secure servers using this CA bundle",
    ),
    onFlag("dest-insecure-transport", "Disable transport security for client connections"),
    stringFlag(
      "dest-user",
      "",
      "Destination username[:password] for authentication (prompt if password is not supplied)",
    ),
    stringFlag(
      "dest-password",
      "",
      "Destination password for authentication " +
        "(if this option is used, --user option shouldn't include password)",
    ),
  ],
  async run(context) {
    const { args, flags } = context;
    if (args.length !== 1) throw badArguments("make-mirror takes one destination argument");
    const destination = await destinationOf(context);
    const source = await context.client();
    if (flags.bool("no-dest-prefix") && flags.text("dest-prefix") !== "") {
      throw badArguments(
        "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one",
      );
    }
    const prefix = flags.text("prefix");
    const renamed = flags.bool("no-dest-prefix") ? "" : flags.text("dest-prefix") || prefix;
    const target = new MirrorTarget(destination, {
      prefix,
      renamed,
      maxTxnOps: Math.max(1, flags.uint("max-txn-ops")),
    });
    using _report = reportRegularly(context, target);
    await mirror(source, target, { prefix, revision: Math.max(0, flags.int64("rev") - 1) });
  },
};

async function destinationOf(context: CommandContext): Promise<Client> {
  const { args, flags, io } = context;
  const user = flags.text("dest-user");
  const password = flags.text("dest-password");
  const names = { cert: "dest-cert", key: "dest-key", ca: "dest-cacert" };
  const { transport, clock } = await context.openSession({
    endpoints: [plainText(args[0])],
    credentials: await userCredentials(io, user, password, "Destination Password: "),
    tls: tlsOfFlagsNamed(io, flags, names, !flags.bool("dest-insecure-transport")),
  });
  return new Client(transport, clock);
}

/** With a revision it is only the changes behind it that are mirrored. */
async function mirror(
  source: Client,
  target: MirrorTarget,
  { prefix, revision }: { prefix: string; revision: number },
): Promise<void> {
  const original = source.mirror({ prefix: bytesFromLatin1(prefix), revision });
  if (revision === 0) { for await (const { kvs } of original.base()) await target.putAll(kvs); }
  for await (const { events } of original.updates()) await target.apply(events);
}

function reportRegularly({ io }: CommandContext, target: MirrorTarget): Disposable {
  let timer = io.clock.setTimer(REPORT_INTERVAL_MS, report);
  function report(): void {
    io.stdout(`${target.total}\n`);
    timer = io.clock.setTimer(REPORT_INTERVAL_MS, report);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
}
