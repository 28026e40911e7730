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

/** What Go calls the signals that end programs; others go by their names. */
const SIGNAL_WORDS: Readonly<Partial<Record<Deno.Signal, string>>> = {
  SIGABRT: "aborted",
  SIGALRM: "alarm clock",
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGKILL: "killed",
  SIGPIPE: "broken pipe",
  SIGQUIT: "quit",
  SIGSEGV: "segmentation fault",
  SIGTERM: "terminated",
};

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
    if (signal !== null) {
      const message = `signal: ${SIGNAL_WORDS[signal] ?? signal}`;
      return { message, exitCode: SIGNALED_EXIT_CODE };
    }
    return code === 0 ? undefined : { message: `exit status ${code}`, exitCode: code };
  } catch (error) {
    return { message: notStartedText(command[0], error), exitCode: EXIT_CODE.error };
  }
}

/** Why a program did not start. Throws what is not known as a reason for that. */
function notStartedText(program: ByteText, error: unknown): ByteText {
  const isMissing = error instanceof Deno.errors.NotFound;
  const isRefused = error instanceof Deno.errors.PermissionDenied;
  if (!isMissing && !isRefused) throw error;
  if (program.includes("/")) {
    return `fork/exec ${program}: ${isMissing ? "no such file or directory" : "permission denied"}`;
  }
  return `exec: ${quoteBytes(program)}: executable file not found in $PATH`;
}
