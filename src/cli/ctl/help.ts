import type { Command } from "./command.ts";
import { inheritedFlags, leafOf, ownFlags } from "./command_tree.ts";
import type { Flag } from "./flags/flag.ts";
import { flagLines } from "./flags/flag_lines.ts";

/** The width of the column of commands, unless a longer name makes it wider. */
const LEAST_NAME_WIDTH = 11;

/** The command that explains the flags which help leaves out. */
const OPTIONS = "options";

/** What a command, a group or the whole program says of itself. */
export function helpText(path: readonly Command[]): string {
  const { long, short } = leafOf(path);
  const about = (long ?? short).trimEnd();
  return `${about}\n\n${usageText(path)}${optionsHint(path)}`;
}

/** How a command is used, which is told as well when it was used wrongly. */
export function usageText(path: readonly Command[]): string {
  const command = leafOf(path);
  const lines = ["Usage:"];
  if (command.commands === undefined) lines.push(`  ${usageLine(path)}`);
  else lines.push(`  ${pathText(path)} [command]`);
  const blocks = [
    lines.join("\n"),
    ...commandBlocks(path),
    ...flagBlock("Flags:", command.hidesFlags === true ? [] : ownFlags(path)),
    ...flagBlock("Global Flags:", inheritedFlags(path.filter(({ hidesFlags }) => !hidesFlags))),
  ];
  if (command.commands !== undefined) {
    const example = `${pathText(path)} [command] --help`;
    blocks.push(`Use "${example}" for more information about a command.`);
  }
  return `${blocks.join("\n\n")}\n`;
}

function usageLine(path: readonly Command[]): string {
  const { synopsis } = leafOf(path);
  return `${pathText(path)}${synopsis === undefined ? "" : ` ${synopsis}`} [flags]`;
}

function pathText(path: readonly Command[]): string {
  return path.map(({ name }) => name).join(" ");
}

/** The commands below one, under the titles of their groups if they have any. */
function commandBlocks(path: readonly Command[]): string[] {
  const { commands, groups } = leafOf(path);
  if (commands === undefined) return [];
  const aboutOf = ({ name, short, commands }: Command): string => {
    if (groups === undefined || commands === undefined) return short;
    return `${short}. Use \`${pathText(path)} ${name} --help\` to see subcommands`;
  };
  const width = Math.max(LEAST_NAME_WIDTH, ...commands.map(({ name }) => name.length));
  const blockOf = (title: string, members: readonly Command[]): string => {
    const sorted = members.toSorted((a, b) => a.name < b.name ? -1 : 1);
    const lines = sorted.map((command) => `  ${command.name.padEnd(width)} ${aboutOf(command)}`);
    return [title, ...lines].join("\n");
  };
  if (groups === undefined) return [blockOf("Available Commands:", commands)];
  return groups.map(({ title, commands }) => blockOf(title, commands));
}

function flagBlock(title: string, flags: readonly Flag[]): string[] {
  return flags.length === 0 ? [] : [[title, ...flagLines(flags)].join("\n")];
}

/** Where the flags are explained that all commands have. */
function optionsHint([root]: readonly Command[]): string {
  if (root.commands?.every(({ name }) => name !== OPTIONS) ?? true) return "";
  const command = `${root.name} ${OPTIONS}`;
  return `Use "${command}" for a list of global command-line options (applies to all commands).\n`;
}
