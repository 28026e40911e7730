import { findProgram, PROJECT_DIR, requireProgram } from "./programs.ts";

/** What a program left behind. */
interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing here takes nearly as long. */
const TIMEOUT_SECONDS = 10;

/** Runs a program with an empty standard input that ends after `inputMs`. */
export async function run(
  program: string,
  args: readonly string[],
  inputMs = 0,
): Promise<ProgramResult> {
  const child = new Deno.Command("timeout", {
    args: [String(TIMEOUT_SECONDS), requireProgram(program), ...args],
    cwd: PROJECT_DIR,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  if (inputMs > 0) await new Promise((resolve) => setTimeout(resolve, inputMs));
  // A program that has ended reads nothing more.
  await child.stdin.close().catch(() => {});
  const { code, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  return { exitCode: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** How long the server has to send what follows a handshake: tickets, and refusals. */
const AFTER_HANDSHAKE_MS = 200;

/** Makes a handshake with `openssl s_client` and returns what it says of it. */
export async function handshake(port: number, ...args: readonly string[]): Promise<string> {
  const target = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost"];
  const { stdout, stderr } = await run("openssl", [...target, ...args], AFTER_HANDSHAKE_MS);
  return stdout + stderr;
}

/** Fetches a URL with curl over HTTP/1.1. */
export function curl(url: string, ...args: readonly string[]): Promise<ProgramResult> {
  return run("curl", ["--silent", "--show-error", "--http1.1", ...args, url]);
}

/** The etcdctls that are here. */
export function etcdctlPrograms(): string[] {
  return ["etcdctl", "etcdctl-3.7"].filter((program) => findProgram(program) !== undefined);
}
