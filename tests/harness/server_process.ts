import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpRequest } from "./http1.ts";
import { commandOf, type TargetName } from "./targets.ts";

/** How a server is started; whatever is left out is a default of the server itself. */
export interface StartOptions {
  /** A folder that is there already; without it a fresh one is made and removed at the end. */
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  /**
   * How clients are listened for, on one port; the flags for https come from the test. Without http
   * the server is asked for its health at a metrics URL of its own. @default {["http"]}
   */
  readonly schemes?: readonly Scheme[];
  /** Further URLs to listen for clients on. */
  readonly alsoListen?: readonly string[];
  /** Returns as soon as the process runs, for callers who watch its start themselves. */
  readonly withoutWaiting?: boolean;
}

type Scheme = "http" | "https";

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 10;
/** A server with an alarm serves. */
const HEALTH_PATH = "/health?exclude=NOSPACE&exclude=CORRUPT";

/** Processes still running, so that the end of the test process can be theirs too. */
const living = new Set<ChildProcess>();
globalThis.addEventListener("unload", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** A server under test: a real process with its own ports and its own data folder. */
export class ServerProcess {
  readonly target: TargetName;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly dataDir: string;
  readonly #schemes: readonly Scheme[];
  readonly #alsoListen: readonly string[];
  /** Where it is asked for its health, without TLS. */
  readonly #healthPort: number;
  readonly #flags: readonly string[];
  readonly #scratchDir: string;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  private constructor(target: TargetName, ports: readonly number[], options: StartOptions) {
    this.target = target;
    [this.clientPort, this.peerPort] = ports;
    this.#schemes = options.schemes ?? ["http"];
    this.#alsoListen = options.alsoListen ?? [];
    this.#healthPort = ports[2] ?? this.clientPort;
    this.#scratchDir = mkdtempSync(join(tmpdir(), `${target}-test-`));
    this.dataDir = options.dataDir ?? join(this.#scratchDir, "data");
    this.#flags = options.flags ?? [];
  }

  static async start(target: TargetName, options: StartOptions = {}): Promise<ServerProcess> {
    const hasHealthPort = options.schemes?.includes("http") === false;
    const server = new ServerProcess(target, await freePorts(hasHealthPort ? 3 : 2), options);
    server.launch();
    if (options.withoutWaiting === true) return server;
    try {
      await server.untilReady();
      return server;
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  /** `host:port` as gRPC clients take it. */
  get endpoint(): string {
    return `127.0.0.1:${this.clientPort}`;
  }

  /** The URLs that clients are told, separated by commas. */
  get clientUrl(): string {
    return this.#schemes.map((scheme) => `${scheme}://${this.endpoint}`).join(",");
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.target} does not run`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Starts the process without waiting until it serves. */
  launch(): void {
    const [program, ...args] = [...deathPact(), ...commandOf(this.target), ...this.#allFlags()];
    const log = openSync(this.#logPath(), "a");
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    living.add(child);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        living.delete(child);
        if (this.#child === child) this.#child = undefined;
        resolve();
      });
    });
  }

  /** Returns once the server has a leader and answers reads. */
  async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (performance.now() < deadline) {
      if (this.#child === undefined) throw this.#failure("ended before it was ready");
      if (await this.#isHealthy()) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
    await this.kill();
    throw this.#failure(`was not ready within ${READY_TIMEOUT_MS} ms`);
  }

  /** Ends the process as `kill -9` does: nothing it had not yet given to the kernel survives. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** Asks the process to end, and kills it if it does not; returns the signal that ended it. */
  async stop(): Promise<string | null> {
    const child = this.#child;
    child?.kill("SIGTERM");
    const timer = setTimeout(() => child?.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
    return child?.signalCode ?? null;
  }

  /** Starts the process again, on the same ports and the same data. */
  async restart(): Promise<void> {
    this.launch();
    await this.untilReady();
  }

  /** Ends the process whatever state it is in and removes what it wrote. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#scratchDir, { recursive: true, force: true });
  }

  /** The last lines the server wrote, for the message of a failed test. */
  logTail(lines = 30): string {
    if (!existsSync(this.#logPath())) return "";
    return readFileSync(this.#logPath(), "utf8").split("\n").slice(-lines).join("\n");
  }

  #logPath(): string {
    return join(this.#scratchDir, "log");
  }

  #allFlags(): string[] {
    const client = this.clientUrl;
    const peer = `http://127.0.0.1:${this.peerPort}`;
    return [
      `--data-dir=${this.dataDir}`,
      `--listen-client-urls=${[client, ...this.#alsoListen].join(",")}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      ...(this.#healthPort === this.clientPort
        ? []
        : [`--listen-metrics-urls=http://127.0.0.1:${this.#healthPort}`]),
      ...this.#flags,
    ];
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const { status, body } = await httpRequest(this.#healthPort, HEALTH_PATH);
      return status === 200 && body.includes('"health":"true"');
    } catch {
      // Nobody listens yet, or the process died in the middle of its answer.
      return false;
    }
  }

  #failure(what: string): Error {
    return new Error(`${this.target} ${what}; its log ends:\n${this.logTail()}`);
  }
}

/** Ports nobody listens on at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port given");
    ports.push(address.port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

const SETPRIV = "/usr/bin/setpriv";

/** On Linux the kernel ends the server when the thread that started it ends, even by `kill -9`. */
export function deathPact(): readonly string[] {
  return existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : [];
}
