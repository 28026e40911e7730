import assert from "node:assert/strict";
import { silentLogger } from "../../src/base/log.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { UsageError } from "../../src/cli/flags.ts";
import { ConfigError } from "../../src/embed/config/errors.ts";
import { newZapLoggerBuilder } from "../../src/embed/config/zap_logger_builder.ts";

/** Two at a time, since the machine has two cores. */
const PARALLEL_RUNS = 2;
const RUN_TIMEOUT_MS = 20_000;

/** How a command line ended, in the same terms for both programs. */
export interface Outcome {
  readonly code: number;
  readonly message: string;
}

/** Runs an etcd; says its exit code and what it wrote. */
export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: environment,
    clearEnv: true,
    stdin: "null",
    // A server that starts after all must neither run on nor leave its data here.
    cwd: Deno.env.get("TMPDIR") ?? "/tmp",
    signal: AbortSignal.timeout(RUN_TIMEOUT_MS),
  }).output();
  return { code, text: new TextDecoder().decode(stderr) };
}

/** What becomes of a command line of detcd. */
export async function runOurs(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Outcome> {
  try {
    const commandLine = await readCommandLine(args, environment);
    if (commandLine.kind !== "serve") return { code: 0, message: "" };
    commandLine.config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
    commandLine.config.validate();
    return { code: 0, message: "" };
  } catch (error) {
    if (error instanceof UsageError) return { code: 2, message: error.message };
    assert(error instanceof ConfigError, String(error));
    return { code: 1, message: error.message };
  }
}

/** Runs a job for each item, a few at a time. */
export async function forEach<T>(
  items: readonly T[],
  job: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  async function work(): Promise<void> {
    for (const item of rest) await job(item);
  }
  await Promise.all(Array.from({ length: PARALLEL_RUNS }, work));
}
