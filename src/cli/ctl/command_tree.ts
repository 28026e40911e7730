import { editDistance } from "../../base/edit_distance.ts";
import { type ByteText, quoteBytes } from "./byte_text.ts";
import type { Command } from "./command.ts";
import { boolFlag, type Flag } from "./flags/flag.ts";
import { FlagSet } from "./flags/flag_set.ts";

/** A command that was found, with those it stands under. */
interface FoundCommand {
  /** From the root to the command itself. */
  readonly path: readonly Command[];
  /** The command line without the words that led here. */
  readonly args: readonly ByteText[];
}

/** The command at the end of a path. */
export function leafOf(path: readonly Command[]): Command {
  const leaf = path.at(-1);
  if (leaf === undefined) throw new TypeError("A path has at least the root");
  return leaf;
}

/** Follows the words of a command line down the tree, as far as they are commands. */
export function findCommand(root: Command, args: readonly ByteText[]): FoundCommand {
  const path: Command[] = [root];
  let rest = args;
  for (;;) {
    const position = firstWord(rest, newFlagSet(path));
    const next = position < 0 ? undefined : childOf(leafOf(path), rest[position]);
    if (next === undefined) return { path, args: rest };
    path.push(next);
    rest = rest.toSpliced(position, 1);
  }
}

/** Where the first argument stands that is neither a flag nor a flag's value; -1: nowhere. */
function firstWord(args: readonly ByteText[], flags: FlagSet): number {
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") return -1;
    if (flags.takesNext(args[i])) i++;
    else if (args[i] !== "" && !args[i].startsWith("-")) return i;
  }
  return -1;
}

/** The child with this name, or the only one whose name begins so. */
function childOf({ commands = [] }: Command, word: ByteText): Command | undefined {
  const exact = commands.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const beginning = commands.filter(({ name }) => name.startsWith(word));
  return beginning.length === 1 ? beginning[0] : undefined;
}

/** The word that should have been a command of the root, if there is one. */
export function unknownWord(found: FoundCommand): ByteText | undefined {
  if (found.path.length > 1) return undefined;
  const position = firstWord(found.args, newFlagSet(found.path));
  return position < 0 ? undefined : found.args[position];
}

/** So many slips are forgiven when another command is suggested. */
const FORGIVEN_SLIPS = 2;

/** Says that a word is no command, and which ones may have been meant. */
export function unknownCommandText(root: Command, word: ByteText): string {
  const typed = word.toLowerCase();
  const similar = (root.commands ?? []).map(({ name }) => name).filter((name) =>
    name.startsWith(typed) || editDistance(typed, name) <= FORGIVEN_SLIPS
  );
  const text = `unknown command ${quoteBytes(word)} for "${root.name}"`;
  if (similar.length === 0) return text;
  return `${text}\n\nDid you mean this?\n${similar.map((name) => `\t${name}\n`).join("")}`;
}

/** The flags that a command takes from those above it. */
export function inheritedFlags(path: readonly Command[]): Flag[] {
  return path.slice(0, -1).flatMap(({ sharedFlags = [] }) => sharedFlags);
}

/** The flags that are a command's own. */
export function ownFlags(path: readonly Command[]): Flag[] {
  const { name, flags = [], sharedFlags = [] } = leafOf(path);
  return [...flags, ...sharedFlags, boolFlag("help", `help for ${name}`, "h")];
}

/** All flags that a command understands. */
export function newFlagSet(path: readonly Command[]): FlagSet {
  return new FlagSet([...inheritedFlags(path), ...ownFlags(path)]);
}
