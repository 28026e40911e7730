import { type ByteText, plainText, quoteBytes } from "./byte_text.ts";

/**
 * Runs a program with additional environment variables; what it prints goes to the process's own
 * output. Resolves with Go's text of what went wrong, or undefined.
 */
export async function runProgram(
  command: readonly ByteText[],
  environment: Readonly<Record<string, ByteText>>,
): Promise<string | undefined> {
  const [program, ...args] = command.map(plainText);
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, plainText(value)]),
  );
  try {
    const options = { args, env, stdin: "null", stdout: "inherit", stderr: "inherit" } as const;
    const { code, signal } = await new Deno.Command(program, options).spawn().status;
    if (signal !== null) return `signal: ${signal}`;
    return code === 0 ? undefined : `exit status ${code}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `exec: ${quoteBytes(command[0])}: executable file not found in $PATH`;
  }
}
