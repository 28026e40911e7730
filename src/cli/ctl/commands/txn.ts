import { TxnRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import type { ByteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { badArguments, invalidInput } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import type { CtlIo } from "../io.ts";
import { parseComparison } from "../syntax/comparison.ts";
import { parseOperation } from "../syntax/operation.ts";

/** Runs a transaction that it reads from standard input. */
export const TXN_COMMAND: Command = {
  name: "txn",
  synopsis: "[options]",
  short: "Txn processes all the requests in one transaction",
  long: `Reads a transaction from standard input, in three blocks that each end with an empty line:
conditions, what to do if all of them hold, and what to do if not. For example:

version("config") = "0"

put config "first"

get config
`,
  flags: [boolFlag("interactive", "Input transaction in interactive mode", "i")],
  async run(context) {
    const { args, flags, io } = context;
    if (args.length !== 0) throw badArguments("txn command does not accept argument");
    // What cannot be printed need not be typed.
    const { printer } = context;
    const prompt = (text: string) => {
      if (flags.bool("interactive")) io.stdout(`${text}\n`);
    };
    prompt("compares:");
    const compare = await readBlock(io, parseComparison);
    prompt("success requests (get, put, del):");
    const success = await readBlock(io, parseOperation);
    prompt("failure requests (get, put, del):");
    const failure = await readBlock(io, parseOperation);
    const request = TxnRequest.create({ compare, success, failure });
    printer.txn(await context.call(KV_SERVICE.txn, request));
  },
};

/** Reads lines up to an empty one. */
async function readBlock<T>(
  io: CtlIo,
  parse: (line: ByteText, io: CtlIo) => T | Promise<T>,
): Promise<T[]> {
  const items: T[] = [];
  for (;;) {
    const line = await io.readLine();
    if (line === undefined) throw invalidInput("EOF");
    const trimmed = line.trim();
    if (trimmed === "") return items;
    items.push(await parse(trimmed, io));
  }
}
