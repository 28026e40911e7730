import { API_VERSION, CTL_VERSION } from "./version.ts";
import type { Command } from "./command.ts";
import { inheritedFlags, leafOf, nameOf, ownFlags } from "./command_tree.ts";
import type { Flag } from "./flags/flag.ts";
import { alignTabs } from "./tab_writer.ts";

/** What a command, a group or the whole program says of itself. */
export function helpText(path: readonly Command[]): string {
  const command = leafOf(path);
  const isRoot = path.length === 1;
  const global = isRoot ? (command.sharedFlags ?? []) : inheritedFlags(path);
  return [
    `NAME:\n\t${nameOf(path)} - ${command.short}\n\n`,
    `USAGE:\n\t${usageLine(path)}\n\n`,
    isRoot ? `VERSION:\n\t${CTL_VERSION}\n\n` : "",
    command.commands === undefined ? "" : commandsText(path),
    command.long === undefined ? "" : `DESCRIPTION:\n${indent(command.long)}\n\n`,
    isRoot
      ? `OPTIONS:\n${flagsText([...global, ...ownFlags(path)])}\n`
      : `OPTIONS:\n${flagsText(ownFlags(path))}\nGLOBAL OPTIONS:\n${flagsText(global)}\n`,
  ].join("");
}

function usageLine(path: readonly Command[]): string {
  const { commands, synopsis } = leafOf(path);
  const names = path.map(({ name }) => name).join(" ");
  const rest = synopsis ?? (commands !== undefined && path.length > 1 ? "<subcommand>" : "");
  return `${names}${rest === "" ? "" : ` ${rest}`} [flags]`;
}

function commandsText(path: readonly Command[]): string {
  const lines = leavesOf(path).map((leaf) => `\t${leaf.name}\t${leaf.short}`).toSorted();
  // The first tab only indents and is no cell.
  const aligned = alignTabs(lines.map((line) => line.slice(1)));
  return `API VERSION:\n\t${API_VERSION}\n\n\nCOMMANDS:\n${indent(aligned.trimEnd())}\n\n`;
}

/** The commands that do something, by their names below the one at the end of the path. */
function leavesOf(path: readonly Command[]): { name: string; short: string }[] {
  return (leafOf(path).commands ?? []).flatMap((child) => {
    if (child.commands === undefined) return [{ name: child.name, short: child.short }];
    return leavesOf([...path, child]).map(({ name, short }) => ({
      name: `${child.name} ${name}`,
      short,
    }));
  });
}

function indent(text: string): string {
  return text.split("\n").map((line) => `\t${line}`).join("\n");
}

function flagsText(flags: readonly Flag[]): string {
  const sorted = flags.toSorted((a, b) => a.name < b.name ? -1 : 1);
  return alignTabs(sorted.map((flag) => {
    const shorthand = flag.shorthand === undefined ? "    " : `-${flag.shorthand}, `;
    return `  ${shorthand}--${flag.name}${defaultText(flag)}\t${flag.usage}`;
  }));
}

function defaultText(flag: Flag): string {
  switch (flag.kind) {
    case "bool":
      return `[=${flag.default}]`;
    case "string":
      return `="${flag.default}"`;
    case "strings":
      return `=[${flag.default}]`;
    default:
      return `=${flag.default}`;
  }
}
