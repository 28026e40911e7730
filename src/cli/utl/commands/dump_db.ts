import { formatJson } from "../../../base/json.ts";
import type { ReadTransaction } from "../../../disk/btree/read_transaction.ts";
import { badArguments } from "../../ctl/exit_code.ts";
import { boolFlag, int64Flag, stringFlag } from "../../ctl/flags/flag.ts";
import type { UtlCommand } from "../command.ts";
import type { OutputFormat, UtlContext } from "../context.ts";
import { databasePathOf, whileUnused, withTree } from "../database.ts";
import { messageJson, messageText } from "../dump/message_form.ts";
import { pairForm } from "../dump/pair_form.ts";

/** Shows the pairs of a B-tree file. */
export const DUMP_DB_COMMAND: UtlCommand = {
  name: "db",
  synopsis: "<data directory, db file or snapshot file>",
  short: "Shows the pairs of a B-tree file",
  long: `One line a pair: its bucket, and what it says. Passwords are not shown.
With -w json, one JSON object a line, with bytes in base64.`,
  flags: [
    boolFlag("list-buckets", "show only how many pairs there are in which bucket"),
    stringFlag("bucket", "", "show only this bucket"),
    stringFlag("key", "", "show only the changes of this key"),
    int64Flag("from-revision", "show only changes from this revision on"),
    int64Flag("limit", "show at most so many pairs; 0 for all"),
  ],
  async work(context) {
    const path = context.argument("dump db requires exactly one argument");
    const format = context.format(["simple", "json"]);
    const dbPath = databasePathOf(context, path);
    await whileUnused(
      context,
      dbPath,
      () =>
        withTree(context, context.io.fileSystem, dbPath, (_, read) => {
          const names = bucketsOf(context, read);
          if (context.flags.bool("list-buckets")) listBuckets(context, format, read, names);
          else dumpPairs(context, format, read, names);
          return Promise.resolve();
        }),
    );
  },
};

function bucketsOf(context: UtlContext, read: ReadTransaction): string[] {
  const names = read.bucketNames();
  const wanted = context.text("bucket");
  if (wanted === "") return names;
  if (names.includes(wanted)) return [wanted];
  throw badArguments(`there is no bucket ${wanted}, only ${names.join(", ")}`);
}

function listBuckets(
  context: UtlContext,
  format: OutputFormat,
  read: ReadTransaction,
  names: readonly string[],
): void {
  for (const bucket of names) {
    let pairs = 0;
    const cursor = read.bucket(bucket)?.cursor();
    for (let found = cursor?.first(); found === true; found = cursor?.next()) pairs++;
    context.print(format === "json" ? formatJson({ bucket, pairs }) : `${bucket} pairs=${pairs}`);
  }
}

/** Which pairs are shown. */
interface PairFilter {
  /** One character a byte; undefined for all pairs. */
  readonly key: string | undefined;
  readonly fromRevision: number | undefined;
}

function dumpPairs(
  context: UtlContext,
  format: OutputFormat,
  read: ReadTransaction,
  names: readonly string[],
): void {
  const { flags } = context;
  const filter: PairFilter = {
    key: flags.changed("key") ? flags.text("key") : undefined,
    fromRevision: flags.changed("from-revision") ? flags.int64("from-revision") : undefined,
  };
  const limit = flags.int64("limit");
  let left = limit <= 0 ? Infinity : limit;
  for (const bucket of names) {
    const cursor = read.bucket(bucket)?.cursor();
    if (cursor === undefined) continue;
    for (let found = cursor.first(); found && left > 0; found = cursor.next()) {
      const { revision, content } = pairForm(bucket, cursor.key, cursor.value);
      if (!isWanted(filter, revision, content)) continue;
      left--;
      context.print(
        format === "json"
          ? formatJson({ bucket, ...messageJson(content) })
          : `${bucket} ${messageText(content)}`,
      );
    }
  }
}

function isWanted(
  { key, fromRevision }: PairFilter,
  revision: number | undefined,
  content: object,
) {
  if (key !== undefined && !("key" in content && content.key === key)) return false;
  return fromRevision === undefined || (revision !== undefined && revision >= fromRevision);
}
