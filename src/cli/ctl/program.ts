import { type ByteText, plainText, quoteBytes } from "./byte_text.ts";
import { EXIT_CODE } from "./exit_code.ts";

/** How a program failed. */
export interface ProgramFailure {
  /** In Go's words. */
  readonly message: string;
  /** What a command ends with that passes the failure on. */
  readonly exitCode: number;
}

/** Go's exit code for a program that a signal ended: -1, of which the system keeps 8 bits. */
const SIGNALED_EXIT_CODE = 255;

/**
 * Runs a program with additional environment variables; what it prints goes to the process's own
 * output. Resolves with what went wrong, or undefined.
 */
export async function runProgram(
  command: readonly ByteText[],
  environment: Readonly<Record<string, ByteText>>,
): Promise<ProgramFailure | undefined> {
  const [program, ...args] = command.map(plainText);
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, plainText(value)]),
  );
  try {
    const options = { args, env, stdin: "null", stdout: "inherit", stderr: "inherit" } as const;
    const { code, signal } = await new Deno.Command(program, options).spawn().status;
    if (signal !== null) return { message: `signal: ${signal}`, exitCode: SIGNALED_EXIT_CODE };
    return code === 0 ? undefined : { message: `exit status ${code}`, exitCode: code };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const message = `exec: ${quoteBytes(command[0])}: executable file not found in $PATH`;
    return { message, exitCode: EXIT_CODE.error };
  }
}
