import assert from "node:assert/strict";
import { findCommand } from "../ctl/command_tree.ts";
import { helpText } from "../ctl/help.ts";
import { type UtlCommand } from "./command.ts";
import { HELP_COMMAND, ROOT_COMMAND } from "./root.ts";
import { utl } from "./testing/captured_utl_io.ts";

Deno.test("utlMain() explains every command and every flag of it", async () => {
  async function visit(command: UtlCommand, names: string[]): Promise<void> {
    const { exitCode, out, err } = await utl([...names, "--help"]);
    assert.equal(exitCode, 0, err);
    assert.equal(out, helpText(findCommand(ROOT_COMMAND, names).path));
    for (const { name, usage } of command.flags ?? []) {
      assert.match(out, new RegExp(`--${name}( |$)`, "m"), names.join(" "));
      assert(out.includes(usage), usage);
    }
    for (const child of command.commands ?? []) {
      if (child !== HELP_COMMAND) await visit(child, [...names, child.name]);
    }
  }
  await visit(ROOT_COMMAND, []);
  const { out } = await utl(["help", "-w", "json", "snapshot", "restore"]);
  assert.match(out, /\n {2}detcd utl snapshot restore <filename> --data-dir/);
});

Deno.test("utlMain() says what is wrong with a command line", async () => {
  const cases: [args: string[], exitCode: number, err: string][] = [
    [["chek"], 1, `Error: unknown command "chek" for "detcd utl"\n\nDid you mean this?\n\tcheck\n`],
    [["check", "--nope"], 1, "Error: unknown flag: --nope\n"],
    [["help", "--nope"], 1, "Error: unknown flag: --nope\n"],
    [["help", "nope"], 0, "Unknown help topic [`nope`]\nUsage:\n"],
    [["check"], 128, "Error: check requires exactly one argument\n"],
    [["snapshot", "status"], 128, "Error: snapshot status requires exactly one argument\n"],
    [["snapshot", "status", "a", "b"], 128, "Error: snapshot status requires exactly one"],
    [["snapshot", "status", "none"], 1, "Error: stat none: no such file or directory\n"],
    [["snapshot", "status", "/"], 1, "Error: Cannot read /: it is a directory. Name a file\n"],
    [["snapshot", "restore"], 128, "Error: snapshot restore requires exactly one argument\n"],
    [["snapshot", "restore", "none"], 1, "Error: open none: no such file or directory\n"],
    [["hashkv", "none"], 1, "Error: stat none: no such file or directory\n"],
    [["defrag"], 1, `Error: required flag(s) "data-dir" not set\n`],
    [["dump", "wal", "none"], 1, "Error: stat none: no such file or directory\n"],
    [["dump", "db", "none"], 1, "Error: stat none: no such file or directory\n"],
    [["snapshot", "status", "x", "-w", "yaml"], 4, "Error: unsupported output format\n"],
    [["snapshot", "status", "x", "-w", "protobuf"], 4, "Error: protobuf not supported as output"],
    [["dump", "db", "x", "-w", "table"], 4, "Error: table not supported as output format\n"],
    [["snapshot", "status", "x", "--compat-version=2.3"], 128, "Error: unknown --compat-version"],
  ];
  for (const [args, exitCode, err] of cases) {
    const result = await utl(args);
    assert.equal(result.exitCode, exitCode, args.join(" "));
    assert(result.err.startsWith(err), `${args.join(" ")}: ${result.err}`);
  }
});

Deno.test("utlMain() prints versions", async () => {
  const { out } = await utl(["version"]);
  assert.match(out, /^etcdutl version: 3\.\d+\.\d+\nAPI version: 3\.\d+\ndetcd version: .*\n$/);
});
