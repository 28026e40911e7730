import { requireProgram } from "./programs.ts";
import type { ServerProcess } from "./server_process.ts";

/** What a run of etcdctl left behind. */
interface CtlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs real etcdctl against a server; `input` is what it reads from standard input. */
export async function etcdctl(
  server: ServerProcess,
  args: readonly string[],
  input = "",
): Promise<CtlResult> {
  const child = new Deno.Command(requireProgram("etcdctl"), {
    args: [`--endpoints=${server.endpoint}`, ...args],
    env: { ETCDCTL_API: "3" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { exitCode: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What it printed, run with these arguments alone; fails when it failed. */
export async function ctlText(args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(requireProgram("etcdctl"), {
    args: [...args],
    env: { ETCDCTL_API: "3" },
  }).output();
  const decoder = new TextDecoder();
  if (!output.success) throw new Error(decoder.decode(output.stderr));
  return decoder.decode(output.stdout);
}

/** The lines it printed; fails when it failed. */
export async function ctlLines(
  server: ServerProcess,
  args: readonly string[],
  input = "",
): Promise<string[]> {
  const result = await etcdctl(server, args, input);
  if (result.exitCode !== 0) {
    throw new Error(`etcdctl ${args.join(" ")} failed: ${result.stderr}${result.stdout}`);
  }
  return result.stdout.replace(/\n$/, "").split("\n");
}

/** A response printed by `-w fields`: numbers of any size stay exact as text. */
export async function ctlFields(
  server: ServerProcess,
  args: readonly string[],
): Promise<Map<string, string>> {
  const fields = new Map<string, string>();
  for (const line of await ctlLines(server, ["-w", "fields", ...args])) {
    const match = /^"(\w+)" : (.*)$/.exec(line);
    if (match !== null) fields.set(match[1], match[2].replaceAll('"', ""));
  }
  return fields;
}
