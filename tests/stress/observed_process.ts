import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { deathPact } from "../harness/server_process.ts";
import { commandOf } from "../harness/targets.ts";

const PATIENCE_MS = 20_000;

/** How a server that ended by itself did so. */
export interface Ending {
  readonly exitCode: number | null;
  /** Everything that it wrote. */
  readonly log: string;
}

/** How a server is started. */
interface ObservedOptions {
  readonly flags?: readonly string[];
  /** A program that runs the server, with its arguments. */
  readonly under?: readonly string[];
}

/** A detcd in a process of its own, of which the end is what matters. */
export class ObservedProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  #log = "";
  #wake: () => void = () => {};

  /** Starts a server on a free port; further flags may say otherwise. */
  constructor(dataDir: string, { flags = [], under = [] }: ObservedOptions = {}) {
    const url = "http://127.0.0.1:0";
    const [program, ...args] = [
      ...under,
      ...deathPact(),
      ...commandOf("detcd"),
      `--data-dir=${dataDir}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      ...flags,
    ];
    this.#child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
        this.#wake();
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        this.#wake();
        resolve(code);
      });
    });
  }

  get log(): string {
    return this.#log;
  }

  /** Returns the port once the server serves. */
  async untilServing(): Promise<number> {
    const ready = /"ready to serve client requests".*"address":"127\.0\.0\.1:(\d+)"/;
    for (;;) {
      const port = ready.exec(this.#log)?.[1];
      if (port !== undefined) return Number(port);
      assert.equal(this.#child.exitCode, null, `the server ended:\n${this.#log}`);
      await this.#withPatience(new Promise<void>((resolve) => this.#wake = resolve), "serves");
    }
  }

  /** Returns once the server has ended, which it is to do by itself. */
  async untilEnded(): Promise<Ending> {
    const exitCode = await this.#withPatience(this.#exit, "ends");
    return { exitCode, log: this.#log };
  }

  /** Asks the server to end, and waits. */
  async stop(): Promise<Ending> {
    this.#child.kill("SIGTERM");
    return await this.untilEnded();
  }

  /** Ends the server whatever state it is in. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #withPatience<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const complaint = new Promise<never>((_, reject) => {
      const complain = (): void => reject(new Error(`it takes too long until it ${what}`));
      timer = setTimeout(complain, PATIENCE_MS);
    });
    try {
      return await Promise.race([promise, complaint]);
    } catch (error) {
      await this.kill();
      throw new Error(`the server's log:\n${this.#log}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
