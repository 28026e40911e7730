import { type ChildProcess, spawn } from "node:child_process";
import { requireProgram } from "./programs.ts";
import type { ServerProcess } from "./server_process.ts";

const LINE_TIMEOUT_MS = 15_000;

/** A run of etcdctl that goes on until it is ended, such as `lock` or `elect`. */
export class RunningEtcdctl implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #lines: string[] = [];
  #rest = "";
  #wake: () => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once("close", () => resolve()));
    child.stdout?.on("data", (bytes: Uint8Array) => this.#take(new TextDecoder().decode(bytes)));
  }

  static start(server: ServerProcess, args: readonly string[]): RunningEtcdctl {
    const child = spawn(requireProgram("etcdctl"), [`--endpoints=${server.endpoint}`, ...args], {
      env: { ...Deno.env.toObject(), ETCDCTL_API: "3" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    return new RunningEtcdctl(child);
  }

  /** How many lines it has printed that nobody has taken. */
  get waiting(): number {
    return this.#lines.length;
  }

  /** The next line that it prints; fails when none comes in time. */
  async line(): Promise<string> {
    const deadline = performance.now() + LINE_TIMEOUT_MS;
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      await this.#arrival(deadline - performance.now());
    }
  }

  /** Interrupts it, as Control-C does: it lets go of what it holds. */
  async interrupt(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#exited;
  }

  /** Ends it without giving it time for anything. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#lines.push(...lines);
    this.#wake();
  }

  async #arrival(timeoutMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      const complain = (): void => reject(new Error("etcdctl printed no line in time"));
      timer = setTimeout(complain, Math.max(0, timeoutMs));
    }).finally(() => clearTimeout(timer));
  }
}
