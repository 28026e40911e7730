import assert from "node:assert/strict";

/** What a run of a foreign client left behind. */
export interface ClientRun {
  readonly success: boolean;
  /** What it says it saw. */
  readonly lines: readonly string[];
  readonly errors: string;
}

/** Runs a program around a foreign client to its end. */
export async function runClient(program: string, args: readonly string[]): Promise<ClientRun> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  const lines = decoder.decode(stdout).split("\n").filter((line) => line !== "");
  return { success, lines, errors: decoder.decode(stderr) };
}

/** Fails unless the client went through, and saw just this. */
export function assertSaw(run: ClientRun, wanted: readonly string[]): void {
  assert.ok(run.success, `the client failed: ${run.errors}${run.lines.join("\n")}`);
  assert.deepEqual(run.lines, wanted);
}
