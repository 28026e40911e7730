import { latin1PrefixEnd } from "../../../embed/client/kv/keys.ts";
import { RangeRequest, SortOrder, SortTarget } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import type { ByteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { badArguments, badFeature } from "../exit_code.ts";
import { boolFlag, type Flag, int64Flag, stringFlag } from "../flags/flag.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import { streamedRange } from "../streamed_range.ts";
import { CONSISTENCY_FLAG, isSerializable } from "../syntax/consistency.ts";

/** Flags that say which keys, and what of them. */
export const GET_FLAGS: readonly Flag[] = [
  CONSISTENCY_FLAG,
  {
    ...stringFlag("order", "", "Order of results; ASCEND or DESCEND (ASCEND by default)"),
    values: ["ASCEND", "DESCEND"],
  },
  {
    ...stringFlag("sort-by", "", "Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION"),
    values: ["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"],
  },
  int64Flag("limit", "Maximum number of results"),
  boolFlag("prefix", "Get keys with matching prefix"),
  boolFlag(
    "from-key",
    "Get keys that are greater than or equal to the given key using byte compare",
  ),
  int64Flag("rev", "Specify the kv revision"),
  boolFlag("keys-only", "Get only the keys"),
  boolFlag("count-only", "Get only the count"),
  boolFlag("print-value-only", 'Only write values when using the "simple" output format'),
  int64Flag("min-create-rev", "Minimum create revision"),
  int64Flag("max-create-rev", "Maximum create revision"),
  int64Flag("min-mod-rev", "Minimum modification revision"),
  int64Flag("max-mod-rev", "Maximum modification revision"),
  boolFlag("stream", "Use the RangeStream RPC"),
];

/** Reads a key or a range of keys. */
export const GET_COMMAND: Command = {
  name: "get",
  synopsis: "[options] <key> [range_end]",
  short: "Gets the key or a range of keys",
  flags: GET_FLAGS,
  async run(context) {
    const request = getRequest(context.flags, context.args);
    const response = context.flags.bool("stream")
      ? await streamedRange(context, request)
      : await context.call(KV_SERVICE.range, request);
    // Behind the call, as in etcdctl: what the server refuses is told first.
    checkFormat(context);
    context.printerOf({ valueOnly: context.flags.bool("print-value-only") }).get(response);
  },
};

/** What the formats that show only a part of an answer go with. */
function checkFormat({ flags }: CommandContext): void {
  const format = flags.text("write-out");
  if (flags.bool("count-only") && format !== "fields") {
    throw badArguments("--count-only is only for `--write-out=fields`");
  }
  if (flags.bool("print-value-only") && format !== "simple") {
    throw badArguments("print-value-only is only for `--write-out=simple`");
  }
}

/** The request that a command line asks for. Throws a CtlError when it is wrong. */
export function getRequest(flags: FlagSet, args: readonly ByteText[]): RangeRequest {
  if (args.length === 0) {
    throw badArguments(
      "get command needs one argument as key and an optional argument as range_end",
    );
  }
  checkRangeFlags(flags, args);
  if (flags.bool("keys-only") && flags.bool("count-only")) {
    throw badArguments(
      "`--keys-only` and `--count-only` cannot be set at the same time, choose one",
    );
  }
  const serializable = isSerializable(flags);
  return RangeRequest.create({
    ...rangeOf(flags, args),
    serializable,
    limit: flags.int64("limit"),
    revision: Math.max(0, flags.int64("rev")),
    ...sortOf(flags),
    keysOnly: flags.bool("keys-only"),
    countOnly: flags.bool("count-only"),
    ...revisionsOf(flags),
  });
}

function revisionsOf(flags: FlagSet): Partial<RangeRequest> {
  const flag = (name: string): number => Math.max(0, flags.int64(name));
  const revisions = {
    minCreateRevision: flag("min-create-rev"),
    maxCreateRevision: flag("max-create-rev"),
    minModRevision: flag("min-mod-rev"),
    maxModRevision: flag("max-mod-rev"),
  };
  checkOrder("CreateRev", revisions.minCreateRevision, revisions.maxCreateRevision);
  checkOrder("ModRev", revisions.minModRevision, revisions.maxModRevision);
  return revisions;
}

function checkOrder(what: string, least: number, most: number): void {
  if (most === 0 || least <= most) return;
  throw badFeature(`getMin${what}(=${least}) > getMax${what}(=${most})`);
}

/** Refuses two ways to say which keys are meant. */
export function checkRangeFlags(flags: FlagSet, args: readonly ByteText[]): void {
  const prefix = flags.bool("prefix");
  const fromKey = flags.bool("from-key");
  if (prefix && fromKey) {
    throw badArguments(
      "`--prefix` and `--from-key` cannot be set at the same time, choose one",
    );
  }
  if (args.length > 1 && (prefix || fromKey)) {
    throw badArguments(
      "too many arguments, only accept one argument when `--prefix` or `--from-key` is set",
    );
  }
}

/** The keys that arguments and flags name. */
export function rangeOf(
  flags: FlagSet,
  [key, rangeEnd = ""]: readonly ByteText[],
): { key: ByteText; rangeEnd: ByteText } {
  const first = key === "" ? "\0" : key;
  if (flags.bool("prefix")) return { key: first, rangeEnd: latin1PrefixEnd(key) };
  if (flags.bool("from-key")) return { key: first, rangeEnd: "\0" };
  return { key, rangeEnd };
}

const SORT_ORDERS = new Map([
  ["", SortOrder.NONE],
  ["ASCEND", SortOrder.ASCEND],
  ["DESCEND", SortOrder.DESCEND],
]);

const SORT_TARGETS = new Map([
  ["", SortTarget.KEY],
  ["CREATE", SortTarget.CREATE],
  ["KEY", SortTarget.KEY],
  ["MODIFY", SortTarget.MOD],
  ["VALUE", SortTarget.VALUE],
  ["VERSION", SortTarget.VERSION],
]);

function sortOf(flags: FlagSet): { sortOrder: number; sortTarget: number } {
  const order = flags.text("order");
  const target = flags.text("sort-by");
  const sortOrder: number | undefined = SORT_ORDERS.get(order.toUpperCase());
  const sortTarget: number | undefined = SORT_TARGETS.get(target.toUpperCase());
  if (sortOrder === undefined) throw badFeature(`bad sort order ${order}`);
  if (sortTarget === undefined) throw badFeature(`bad sort target ${target}`);
  // etcd's Go client leaves away the order that the server has anyway.
  const isDefault = sortTarget === SortTarget.KEY && sortOrder === SortOrder.ASCEND;
  return { sortTarget, sortOrder: isDefault ? SortOrder.NONE : sortOrder };
}
