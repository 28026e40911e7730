import { basename, dirname, join } from "node:path";
import { formatJson } from "../../../base/json.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { WalScan } from "../../../disk/wal_scan.ts";
import {
  haveWal,
  listWalSegments,
  newWalSegment,
  parseWalSegment,
  type WalSegment,
} from "../../../disk/wal_segment.ts";
import { badArguments } from "../../ctl/exit_code.ts";
import { int64Flag, stringFlag } from "../../ctl/flags/flag.ts";
import type { UtlCommand } from "../command.ts";
import type { UtlContext } from "../context.ts";
import { ENTRY_KINDS } from "../dump/entry_form.ts";
import { type ShownRecord, WalDump, type WalFilter } from "../dump/wal_dump.ts";

const OFFSET_DIGITS = 10;
const TYPE_WIDTH = 8;

/** Shows the records of a write-ahead log. */
export const DUMP_WAL_COMMAND: UtlCommand = {
  name: "wal",
  synopsis: "<data directory, WAL directory or .wal file>",
  short: "Shows the records of a write-ahead log",
  long:
    `One line a record: its byte in the file, its type, and what it says. Every checksum is checked.
Passwords and tokens are not shown. With -w json, one JSON object a line, with bytes in base64.
The kinds of entries are ${ENTRY_KINDS.join(", ")}.`,
  flags: [
    int64Flag("from-index", "show only entries from this index on"),
    stringFlag("entry-type", "", "show only entries of these kinds, separated by commas"),
    int64Flag("limit", "show at most so many records; 0 for all"),
  ],
  work(context) {
    const path = context.argument("dump wal requires exactly one argument");
    const format = context.format(["simple", "json"]);
    const { directory, segments } = logAt(context.io.fileSystem, path);
    let segment = "";
    const dump = new WalDump(filterOf(context), (record) => {
      if (format === "json") {
        context.print(jsonLine(record));
        return;
      }
      if (record.path !== segment) context.print(record.path);
      segment = record.path;
      context.print(line(record));
    });
    const scan = new WalScan(context.io.fileSystem, directory, segments, dump);
    try {
      while (!dump.isDone && scan.step());
    } finally {
      scan.close();
    }
    if (scan.end?.isTorn === true) {
      const torn = join(directory, scan.end.segment.name);
      context.note(`${torn}: byte ${scan.end.offset}: the last record is not complete`);
    }
    return Promise.resolve();
  },
};

function logAt(
  fileSystem: FileSystem,
  path: string,
): { directory: string; segments: readonly WalSegment[] } {
  const info = fileSystem.stat(path);
  if (info === undefined) throw new Error(`stat ${path}: no such file or directory`);
  if (!info.isDirectory) {
    const name = basename(path);
    const segment = parseWalSegment(name) ?? { ...newWalSegment(0, 0), name };
    return { directory: dirname(path), segments: [segment] };
  }
  const inDataDir = join(path, "member", "wal");
  const directory = haveWal(fileSystem, inDataDir) ? inDataDir : path;
  return { directory, segments: listWalSegments(fileSystem, directory) };
}

function filterOf(context: UtlContext): WalFilter {
  const { flags } = context;
  const kinds = context.text("entry-type").split(",").filter((kind) => kind !== "");
  const unknown = kinds.find((kind) => !ENTRY_KINDS.includes(kind));
  if (unknown !== undefined) {
    throw badArguments(
      `there are no entries of the kind ${unknown}, only ${ENTRY_KINDS.join(", ")}`,
    );
  }
  const limit = flags.int64("limit");
  return {
    fromIndex: flags.changed("from-index") ? flags.int64("from-index") : undefined,
    kinds: kinds.length === 0 ? undefined : kinds,
    limit: limit <= 0 ? Infinity : limit,
  };
}

function line({ offset, type, text }: ShownRecord): string {
  return `${String(offset).padStart(OFFSET_DIGITS)}  ${type.padEnd(TYPE_WIDTH)}  ${text}`.trimEnd();
}

function jsonLine({ path, offset, type, json }: ShownRecord): string {
  return formatJson({ file: path, offset, type, ...json });
}
