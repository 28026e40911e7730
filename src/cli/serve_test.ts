import { ManualClock } from "../base/manual_clock.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Config } from "../embed/config/config.ts";
import { type RunningEtcd, serve, type ServeHost } from "./serve.ts";
import { exitCodeOf, type SignalSource, type StopSignal } from "./signals.ts";

/** A server that runs until it is closed, fails or stops. */
class FakeEtcd implements RunningEtcd {
  readonly #failure = Promise.withResolvers<Error | undefined>();
  readonly server = { readyNotify: () => Promise.resolve() };
  isClosed = false;
  closeFailure: Error | undefined;

  async *err(): AsyncGenerator<Error> {
    const error = await this.#failure.promise;
    if (error !== undefined) yield error;
  }

  fail(error: Error): void {
    this.#failure.resolve(error);
  }

  stop(): void {
    this.#failure.resolve(undefined);
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.stop();
    return this.closeFailure === undefined ? Promise.resolve() : Promise.reject(this.closeFailure);
  }
}

class FakeSignals implements SignalSource {
  readonly #receivers = new Map<StopSignal, () => void>();

  listen(signal: StopSignal, receive: () => void): void {
    this.#receivers.set(signal, receive);
  }

  unlisten(signal: StopSignal, receive: () => void): void {
    if (this.#receivers.get(signal) === receive) this.#receivers.delete(signal);
  }

  send(signal: StopSignal): void {
    this.#receivers.get(signal)?.();
  }

  get listenerCount(): number {
    return this.#receivers.size;
  }
}

/** A process that exists in memory only. */
class FakeHost implements ServeHost {
  readonly environment: Record<string, string> = {};
  readonly signals = new FakeSignals();
  readonly etcd = new FakeEtcd();
  processId = 1234;
  readonly clock = new ManualClock();
  printed = "";
  complained = "";
  exitCodes: number[] = [];
  config: Config | undefined;
  /** What happens once the server runs. */
  afterStart: () => void = () => {};
  startFailure: Error | undefined;

  startEtcd(config: Config): Promise<RunningEtcd> {
    this.config = config;
    if (this.startFailure !== undefined) return Promise.reject(this.startFailure);
    this.afterStart();
    return Promise.resolve(this.etcd);
  }

  print(text: string): void {
    this.printed += text;
  }

  printError(text: string): void {
    this.complained += text;
  }

  exit(code: number): void {
    this.exitCodes.push(code);
  }
}

interface Run {
  readonly host: FakeHost;
  readonly code: number;
  readonly log: readonly Record<string, unknown>[];
}

/** Runs the command with its log in a file. */
async function run(args: string[], prepare: (host: FakeHost) => void = () => {}): Promise<Run> {
  const folder = await Deno.makeTempDir();
  try {
    const host = new FakeHost();
    prepare(host);
    const path = join(folder, "etcd.log");
    const code = await serve([`--log-outputs=${path}`, ...args], host);
    assert.equal(host.signals.listenerCount, 0, "no signal is listened for behind the end");
    return { host, code, log: await readLog(path) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readLog(path: string): Promise<Record<string, unknown>[]> {
  try {
    const text = await Deno.readTextFile(path);
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const IN_MEMORY = ["--memory-only", "--name=n1"];

Deno.test("serve() runs until a signal and tells the shell which one", async () => {
  for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    const { host, code, log } = await run(
      IN_MEMORY,
      (host) => host.afterStart = () => host.signals.send(signal),
    );
    assert.equal(code, expected);
    assert(host.etcd.isClosed);
    assert(log.some((line) => line.msg === "received signal; shutting down"));
  }
});

Deno.test("serve() ends at once when a second signal comes", async () => {
  const { host } = await run(IN_MEMORY, (host) => {
    host.afterStart = () => {
      host.signals.send("SIGINT");
      host.clock.advance(600);
      host.signals.send("SIGINT");
    };
  });
  assert.deepEqual(host.exitCodes, [130]);
});

Deno.test("serve() takes a signal that a runner passes on again for the same one", async () => {
  const { host, code } = await run(IN_MEMORY, (host) => {
    host.afterStart = () => {
      host.signals.send("SIGINT");
      host.clock.advance(100);
      host.signals.send("SIGINT");
    };
  });
  assert.deepEqual(host.exitCodes, []);
  assert.equal(code, 130);
});

Deno.test("serve() ends well on a signal as the first process of a container", () => {
  assert.equal(exitCodeOf("SIGTERM", 1), 0);
  assert.equal(exitCodeOf("SIGTERM", 2), 143);
  assert.equal(exitCodeOf("SIGBREAK", 2), 149);
});

Deno.test("serve() fails when the server fails, and says why", async () => {
  const { host, code, log } = await run(
    IN_MEMORY,
    (host) => host.afterStart = () => host.etcd.fail(new Error("disk on fire")),
  );
  assert.equal(code, 1);
  assert(host.etcd.isClosed);
  assert(log.some((line) => line.level === "error" && line.error === "disk on fire"));
});

Deno.test("serve() fails when the server cannot be stopped in order", async () => {
  const { host, code } = await run(IN_MEMORY, (host) => {
    host.etcd.closeFailure = new Error("disk on fire");
    host.afterStart = () => host.signals.send("SIGINT");
  });
  assert.equal(code, 1);
  assert.equal(JSON.parse(host.complained).error, "disk on fire");
});

Deno.test("serve() says why it failed even where the level lets no error through", async () => {
  const { host, code, log } = await run(
    [...IN_MEMORY, "--log-level=fatal"],
    (host) => host.startFailure = new Error("address already in use"),
  );
  assert.equal(code, 1);
  assert.deepEqual(log, []);
  assert.equal(JSON.parse(host.complained).error, "address already in use");
});

Deno.test("serve() ends well when the server stops by itself", async () => {
  const { code } = await run(IN_MEMORY, (host) => host.afterStart = () => host.etcd.stop());
  assert.equal(code, 0);
});

Deno.test("serve() fails when the server does not start, and says why", async () => {
  const { code, log } = await run(
    IN_MEMORY,
    (host) => host.startFailure = new Error("address already in use"),
  );
  assert.equal(code, 1);
  const errors = log.filter((line) => line.level === "error");
  assert.deepEqual(errors.map((line) => [line.msg, line.error]), [
    ["failed to start", "address already in use"],
  ]);
});

Deno.test("serve() refuses a bad configuration with one line that says why", async () => {
  const { host, code, log } = await run([...IN_MEMORY, "--heartbeat-interval=0"]);
  assert.equal(code, 1);
  assert.equal(host.config, undefined);
  const errors = log.filter((line) => line.level === "error");
  assert.deepEqual(errors.map((line) => [line.msg, line.error]), [
    ["failed to verify flags", "--heartbeat-interval must be >0 (set to 0ms)"],
  ]);
  // The log is a file here, and whoever typed the command must see it too.
  assert.equal(JSON.parse(host.complained).error, "--heartbeat-interval must be >0 (set to 0ms)");
});

Deno.test("serve() refuses what it cannot even read as a configuration", async () => {
  const { host, code, log } = await run(["stray"]);
  assert.equal(code, 1);
  assert.deepEqual(log, []);
  assert.equal(JSON.parse(host.complained).error, '"stray" is not a valid flag');
});

Deno.test("serve() prints the usage behind a flag that it does not know", async () => {
  const { host, code } = await run(["--nope"]);
  assert.equal(code, 2);
  assert(host.complained.startsWith("flag provided but not defined: -nope\nUsage:\n"));
  assert.equal(host.printed, "");
});

Deno.test("serve() prints help and versions to standard output", async () => {
  const help = await run(["--help"]);
  assert.equal(help.code, 0);
  assert.equal(help.host.complained, "");
  assert(help.host.printed.includes("--listen-client-urls 'http://localhost:2379'"));
  const version = await run(["--version"]);
  assert.equal(version.code, 0);
  assert.match(
    version.host.printed,
    /^etcd Version: \d+\.\d+\.\d+\nGit SHA: detcd .+\nGo Version: .+\nGo OS\/Arch: \w+\/\w+\n$/,
  );
  assert.equal(version.host.config, undefined);
});

Deno.test("serve() hands over what flags and variables say", async () => {
  const { host, log } = await run(["--memory-only"], (host) => {
    host.environment["ETCD_NAME"] = "from-variable";
    host.afterStart = () => host.etcd.stop();
  });
  assert.equal(host.config?.name, "from-variable");
  assert.equal(host.config?.initialCluster, "from-variable=http://localhost:2380");
  assert(log.some((line) => line["variable-name"] === "ETCD_NAME"));
});

Deno.test("serve() names the data directory after the member when none is given", async () => {
  const here = Deno.cwd();
  const folder = await Deno.makeTempDir();
  try {
    Deno.chdir(folder);
    const { host, log } = await run(
      ["--name=n1"],
      (host) => host.afterStart = () => host.etcd.stop(),
    );
    assert.equal(host.config?.dir, "n1.etcd");
    const warning = log.find((line) => line.msg === "'data-dir' was empty; using default");
    assert.equal(warning?.["data-dir"], "n1.etcd");
  } finally {
    Deno.chdir(here);
    await Deno.remove(folder, { recursive: true });
  }
});

function startIn(folder: string): Promise<Run> {
  const args = ["--name=n1", `--data-dir=${folder}`];
  return run(args, (host) => host.afterStart = () => host.etcd.stop());
}

function messagesOf({ log }: Run): unknown[] {
  return log.map((line) => line.msg);
}

Deno.test("serve() looks at what the data directory holds", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert(messagesOf(await startIn(folder)).includes("Initialize and start etcd server"));
    await Deno.mkdir(join(folder, "member"));
    await Deno.writeTextFile(join(folder, "notes.txt"), "");
    const again = messagesOf(await startIn(folder));
    assert(again.includes("server has already been initialized"));
    assert(again.includes("found invalid file under data directory"));
    await Deno.mkdir(join(folder, "proxy"));
    const both = await startIn(folder);
    assert.equal(both.code, 1);
    assert(
      both.log.some((line) =>
        line.error === "invalid datadir; both member and proxy directories exist"
      ),
    );
    await Deno.remove(join(folder, "member"));
    const proxy = await startIn(folder);
    assert(
      proxy.log.some((line) => line.error === "v2 http proxy has already been deprecated in 3.6"),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("serve() lets defects through, which are nobody's configuration", async () => {
  const host = new FakeHost();
  Object.defineProperty(host, "environment", {
    get: () => {
      throw new TypeError("a defect");
    },
  });
  await assert.rejects(serve(["--memory-only"], host), TypeError);
});
