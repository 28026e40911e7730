/** What a program left behind. */
export interface Run {
  readonly success: boolean;
  /** What it printed, standard output first. */
  readonly text: string;
}

/** Runs a program without input to its end; kills it when it takes longer than it may. */
export async function runProgram(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Run> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let output: Deno.CommandOutput;
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      signal: timeout,
      ...options,
    });
    output = await command.output();
  } catch (error) {
    // A file that the system cannot execute is a finding about the file, not a failure of ours.
    return { success: false, text: String(error) };
  }
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout) + decoder.decode(output.stderr);
  if (!timeout.aborted) return { success: output.success, text };
  return { success: false, text: `${text}\n(ended after ${timeoutMs} ms)` };
}
