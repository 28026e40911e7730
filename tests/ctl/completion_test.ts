import assert from "node:assert/strict";
import { runCtl } from "./ctl_pair.ts";
import { findProgram } from "../harness/programs.ts";

async function scriptOf(shell: string): Promise<string> {
  const { exitCode, stdout } = await runCtl(["completion", shell], "");
  assert.equal(exitCode, 0);
  return stdout;
}

function testIn(shell: string, body: (program: string) => Promise<void>): void {
  const program = findProgram(shell);
  const ignored = program === undefined ? ` - not run: ${shell} is not here` : "";
  Deno.test({
    name: `completion completes in ${shell}${ignored}`,
    ignore: program === undefined,
    fn: () => body(program ?? ""),
  });
}

async function run(program: string, ...args: string[]): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command(program, { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return text(stdout).split("\n").filter((line) => line !== "");
}

/** What can be typed, and some of the words that must be offered, and some that must not. */
const CASES: readonly [line: string[], offered: string[], missing: string[]][] = [
  [["detcd", ""], ["ctl"], ["get"]],
  [["detcd", "ctl", ""], ["get", "auth", "make-mirror"], ["enable"]],
  [["detcd", "ctl", "a"], ["auth", "alarm"], ["get"]],
  [["detcd", "ctl", "auth", ""], ["enable", "disable", "status"], ["get"]],
  [["detcd", "ctl", "get", "--pre"], ["--prefix"], ["--limit", "get"]],
  [["detcd", "ctl", "-w", "json", "role", "gr"], ["grant-permission"], ["get"]],
  [["detcd", "ctl", "get", "--sort-by", ""], ["CREATE", "VALUE"], ["get"]],
  [["detcd", "ctl", "get", "a", "-w", "j"], ["json"], ["table"]],
];

function check(
  offered: readonly string[],
  line: readonly string[],
  words: string[],
  not: string[],
) {
  for (const word of words) assert.ok(offered.includes(word), `${word} after ${line.join(" ")}`);
  for (const word of not) assert.ok(!offered.includes(word), `${word} after ${line.join(" ")}`);
}

testIn("bash", async (bash) => {
  const script = await scriptOf("bash");
  for (const [line, words, not] of CASES) {
    const quoted = line.map((word) => `'${word}'`).join(" ");
    const test = `COMP_WORDS=(${quoted}); COMP_CWORD=${line.length - 1}; _detcd_complete; ` +
      'printf "%s\\n" "${COMPREPLY[@]}"';
    check(await run(bash, "-c", `${script}\n${test}`), line, words, not);
  }
});

testIn("fish", async (fish) => {
  const path = await Deno.makeTempFile({ suffix: ".fish" });
  try {
    await Deno.writeTextFile(path, await scriptOf("fish"));
    for (const [line, words, not] of CASES) {
      const command = `source ${path}; complete -C "${line.join(" ")}"`;
      const lines = await run(fish, "--no-config", "-c", command);
      check(lines.map((line) => line.split("\t")[0]), line, words, not);
    }
  } finally {
    await Deno.remove(path);
  }
});

testIn("zsh", async (zsh) => {
  const script = await scriptOf("zsh");
  // The functions that show what was found are replaced by one that lists it.
  const stubs = `
compdef() { : }
_describe() { print -l -- \${(P)4%%:*} }
_files() { : }
compadd() { shift; print -l -- "$@" }
`;
  for (const [line, words, not] of CASES) {
    const quoted = line.map((word) => `'${word}'`).join(" ");
    const test = `words=(${quoted}); CURRENT=${line.length}; _detcd_complete`;
    const last = line[line.length - 1];
    const offered = await run(zsh, "-f", "-c", `${stubs}\n${script}\n${test}`);
    // zsh itself leaves out what does not begin with what was typed.
    check(offered.filter((word) => word.startsWith(last)), line, words, not);
  }
});

Deno.test("completion makes a script for PowerShell with every command in it", async () => {
  const script = await scriptOf("powershell");
  for (const path of ["ctl", "ctl auth enable", "ctl role grant-permission"]) {
    assert.ok(script.includes(`'${path}' = @{`), path);
  }
  assert.ok(script.includes("'--write-out' = @('fields', 'json', 'protobuf', 'simple', 'table')"));
});
