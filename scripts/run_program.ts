/** What a program left behind. */
interface Run {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** When it is killed. @default {10 minutes} */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;

/** Runs a program without input to its end. One that cannot run at all has failed, and says why. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs = DEFAULT_TIMEOUT_MS, ...options }: RunOptions = {},
): Promise<Run> {
  // A timer that can be cleared, since one inside the signal would outlive the program.
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      signal: timeout.signal,
      ...options,
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    const run = { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    if (!timeout.signal.aborted) return run;
    return { ...run, success: false, stderr: `${run.stderr}\n(ended after ${timeoutMs} ms)` };
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const stderr = isMissing ? `${program} is not installed` : String(error);
    return { success: false, stdout: "", stderr };
  } finally {
    clearTimeout(timer);
  }
}

/** All that a program printed. */
export function printedBy({ stdout, stderr }: Run): string {
  return stdout + stderr;
}
