import assert from "node:assert/strict";
import type { Command } from "./command.ts";
import { boolFlag, stringFlag } from "./flags/flag.ts";
import { helpText, usageText } from "./help.ts";

const LEAF: Command = {
  name: "do",
  synopsis: "<what>",
  short: "Does it",
  long: "Does it at once.",
  flags: [boolFlag("fast", "does it fast")],
};
const GROUP: Command = {
  name: "work",
  short: "Work",
  sharedFlags: [stringFlag("by", "", "who does it")],
  commands: [LEAF],
};
const OPTIONS: Command = { name: "options", short: "Explains" };
const ROOT: Command = {
  name: "tool",
  short: "A tool",
  sharedFlags: [boolFlag("debug", "talks")],
  hidesFlags: true,
  commands: [OPTIONS, GROUP],
  groups: [{ title: "All", commands: [OPTIONS, GROUP] }],
};

Deno.test("usageText() tells how a command is used, with the flags of its group", () => {
  assert.equal(
    usageText([ROOT, GROUP, LEAF]),
    `Usage:
  tool work do <what> [flags]

Flags:
      --fast   does it fast
  -h, --help   help for do

Global Flags:
      --by string   who does it
`,
  );
});

Deno.test("helpText() lists the commands of a group", () => {
  assert.equal(
    helpText([ROOT, GROUP]),
    `Work

Usage:
  tool work [command]

Available Commands:
  do          Does it

Flags:
      --by string   who does it
  -h, --help        help for work

Use "tool work [command] --help" for more information about a command.
Use "tool options" for a list of global command-line options (applies to all commands).
`,
  );
});

Deno.test("helpText() lists all commands by what they are about, and no flags", () => {
  assert.equal(
    helpText([ROOT]),
    `A tool

Usage:
  tool [command]

All
  options     Explains
  work        Work. Use \`tool work --help\` to see subcommands

Use "tool [command] --help" for more information about a command.
Use "tool options" for a list of global command-line options (applies to all commands).
`,
  );
});
