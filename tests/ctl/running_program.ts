import { latin1FromBytes } from "../../src/base/bytes.ts";
import { PROJECT_DIR, requireProgram } from "../harness/programs.ts";
import type { Reference } from "./ctl_pair.ts";

const SETTLE_MS = 250;
const PATIENCE_MS = 25_000;

/** Waits until something is true; fails when that takes too long. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!await isTrue()) {
    if (performance.now() > endMs) {
      throw new Error(`still not so after ${PATIENCE_MS} ms: ${isTrue}`);
    }
    await sleep(10);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A program that is read from and written to while it runs. */
export class RunningProgram {
  stdout = "";
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<unknown>;

  constructor(command: readonly string[], env: Record<string, string> = {}) {
    const [program, ...args] = command;
    this.#child = new Deno.Command(program, {
      args,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#read = Promise.all([
      this.#collect(this.#child.stdout, (text) => this.stdout += text),
      this.#collect(this.#child.stderr, (text) => this.stderr += text),
    ]);
  }

  write(text: string): Promise<void> {
    return this.#input.write(new TextEncoder().encode(text));
  }

  /** Returns when the program has printed nothing for a while. */
  async settled(): Promise<void> {
    await until(() => this.stdout !== "");
    for (let length = -1; length !== this.stdout.length;) {
      length = this.stdout.length;
      await sleep(SETTLE_MS);
    }
  }

  /** Ends the input and returns the exit code. */
  async finish(): Promise<number> {
    await this.#input.close().catch(() => {});
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.finish();
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    for await (const chunk of stream) add(latin1FromBytes(chunk));
  }
}

/** Starts the real program. */
export function startEtcdctl(
  { program, environment }: Reference,
  args: readonly string[],
  env: Record<string, string> = {},
): RunningProgram {
  return new RunningProgram([requireProgram(program), ...args], { ...environment, ...env });
}

/** Starts ours, as a process of its own. */
export function startCtl(
  args: readonly string[],
  env: Record<string, string> = {},
): RunningProgram {
  const main = `${PROJECT_DIR}/main.ts`;
  return new RunningProgram([Deno.execPath(), "run", "-A", "--quiet", main, "ctl", ...args], env);
}
