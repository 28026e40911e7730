import type { Command } from "../command.ts";
import { newFlagSet } from "../command_tree.ts";
import type { Flag } from "../flags/flag.ts";

/** A word that can stand next, and what it is for. */
export interface Choice {
  readonly word: string;
  readonly about: string;
}

/** What can follow the words of one command. */
export interface CompletionRow {
  /** The words up to here, separated by spaces; empty is the program without arguments. */
  readonly path: string;
  readonly commands: readonly Choice[];
  readonly flags: readonly Choice[];
}

/** The values of one flag. */
interface FlagValues {
  /** As it can be written: `--write-out`, `-w`. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** All that shells need to know of a tree of commands. */
export interface CompletionTable {
  /** The program that is completed, such as `detcd`. */
  readonly program: string;
  readonly rows: readonly CompletionRow[];
  readonly values: readonly FlagValues[];
}

/** Lists what can follow what. The name of the root is a program and the word that leads here. */
export function completionTable(root: Command): CompletionTable {
  const [program, word] = root.name.split(" ");
  const rows: CompletionRow[] = [
    { path: "", commands: [{ word, about: root.short }], flags: [] },
    ...rowsBelow([root], word),
  ];
  const flags = allFlags([root]).filter(({ values }) => values !== undefined);
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  return { program, rows, values: [...byName.values()].map(valuesOf) };
}

function rowsBelow(path: readonly Command[], words: string): CompletionRow[] {
  const children = path[path.length - 1].commands ?? [];
  const row = {
    path: words,
    commands: children.map(({ name, short }) => ({ word: name, about: short })),
    flags: newFlagSet(path).flags().map(({ name, usage }) => ({ word: `--${name}`, about: usage })),
  };
  return [
    row,
    ...children.flatMap((child) => rowsBelow([...path, child], `${words} ${child.name}`)),
  ];
}

function allFlags(path: readonly Command[]): Flag[] {
  const children = path[path.length - 1].commands ?? [];
  return [...newFlagSet(path).flags(), ...children.flatMap((child) => allFlags([...path, child]))];
}

function valuesOf({ name, shorthand, values = [] }: Flag): FlagValues {
  const names = [`--${name}`, ...(shorthand === undefined ? [] : [`-${shorthand}`])];
  return { names, values };
}
