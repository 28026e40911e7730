import assert from "node:assert/strict";
import { findProgram, PROJECT_DIR, requireProgram } from "../harness/programs.ts";
import type { ServerProcess } from "../harness/server_process.ts";
import type { Reference } from "./ctl_pair.ts";
import { describeCtl } from "./ctl_suite.ts";

/**
 * Runs a program on a terminal and types an answer at each prompt, a while after it appeared: the
 * real program only then hides what is typed.
 */
const TERMINAL = `
import os, pty, sys, termios, time
IUTF8 = 0x4000
answers = sys.argv[1].split(",")
pid, terminal = pty.fork()
if pid == 0:
    settings = termios.tcgetattr(0)
    settings[0] |= IUTF8
    termios.tcsetattr(0, termios.TCSANOW, settings)
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    seen += piece
    if seen.endswith(b": ") and answers:
        time.sleep(0.3)
        os.write(terminal, answers.pop(0).encode())
os.write(1, seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
`;

interface TerminalOutcome {
  readonly exitCode: number;
  readonly shown: string;
}

async function onTerminal(
  command: readonly string[],
  answers: readonly string[],
  env: Record<string, string>,
): Promise<TerminalOutcome> {
  const { code, stdout } = await new Deno.Command(requireProgram("python3"), {
    args: ["-c", TERMINAL, answers.join(","), ...command],
    env,
  }).output();
  const shown = new TextDecoder().decode(stdout).replace(/^\{"level".*\r\n/gm, "");
  return { exitCode: code, shown };
}

/** Runs both programs with the same answers and returns what the real one left on the screen. */
async function compare(
  { program, environment }: Reference,
  server: ServerProcess,
  line: string,
  answers: readonly string[],
): Promise<TerminalOutcome> {
  const args = [`--endpoints=${server.endpoint}`, ...line.split(" ")];
  const real = [requireProgram(program), ...args];
  const wanted = await onTerminal(real, answers, { ...environment });
  const main = `${PROJECT_DIR}/main.ts`;
  const ours = [Deno.execPath(), "run", "-A", "--quiet", main, "ctl", ...args];
  assert.deepEqual(await onTerminal(ours, answers, {}), wanted, line);
  return wanted;
}

describeCtl((test) => {
  test("prompts on a terminal", async (suite) => {
    const { etcdctl: { server } } = await suite.sharedPair();
    const twice = await compare(suite.reference, server, "user passwd nobody", [
      "s3cret\r",
      "s3cret\r",
    ]);
    assert.equal(
      twice.shown,
      "Password of nobody: \r\nType password of nobody again for confirmation: \r\n" +
        "Error: etcdserver: user name not found\r\n",
    );
    await compare(suite.reference, server, "user passwd nobody", ["s3cret\r", "other\r"]);
    await compare(suite.reference, server, "user passwd nobody", ["\r"]);
    const erased = ["s3\u00e9\x7fcret\r", "s3cret\r"];
    await compare(suite.reference, server, "user passwd nobody", erased);
    const asked = await compare(suite.reference, server, "get nothing --user=root", ["s3cret\r"]);
    assert.deepEqual(asked, { exitCode: 0, shown: "Password: \r\n" });
  }, { missing: findProgram("python3") === undefined ? "python3 is not here" : undefined });
});
