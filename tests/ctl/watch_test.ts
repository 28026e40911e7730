import assert from "node:assert/strict";
import { ctlMain } from "../../src/cli/ctl/main.ts";
import { CapturedIo } from "../../src/cli/ctl/testing/captured_io.ts";
import { openTransport } from "../../src/embed/client/transport/network_transport.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { isDifferent } from "./ctl_differences.ts";
import { NEWER, OLDER, type Reference, REFERENCES, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { type CtlSuite, describeCtl } from "./ctl_suite.ts";
import { startCtl, startEtcdctl, until } from "./running_program.ts";

/** What etcdctl prints until it has nothing more to print. */
async function watchWithEtcdctl(reference: Reference, args: readonly string[]): Promise<string> {
  const program = startEtcdctl(reference, args);
  await program.settled();
  await program.kill();
  return program.stdout;
}

/** What ours prints until it has printed as much. */
async function watchWithCtl(
  endpoint: string,
  args: readonly string[],
  length: number,
): Promise<string> {
  const io = new CapturedIo();
  io.transport = await openTransport(endpoint);
  const exit = ctlMain(args, io);
  await until(() => io.out.length >= length);
  const { out } = io;
  await io.transport.close();
  assert.equal(await exit, 5);
  assert.match(io.err, /^watch was canceled .*\nError: watch is canceled by the server\n$/);
  return out;
}

/** A server that has some history, the same for all tests with one release. */
class HistoryServer {
  readonly #reference: Reference;
  #server: Promise<ServerProcess> | undefined;

  constructor(reference: Reference) {
    this.#reference = reference;
  }

  server(): Promise<ServerProcess> {
    this.#server ??= this.#start();
    return this.#server;
  }

  async dispose(): Promise<void> {
    await (await this.#server)?.dispose();
  }

  async #start(): Promise<ServerProcess> {
    const server = await ServerProcess.start(this.#reference.server);
    const run = (args: readonly string[], input = "") =>
      runCtl([`--endpoints=${server.endpoint}`, ...args], input);
    await run(["put", "a", "1"]);
    await run(["put", "a", "<2>"]);
    await run(["put", "ab", "\u00e9\u0001"]);
    await run(["del", "a"]);
    await run(["txn"], "\nput b 1\nput a 4\ndel ab\n\n\n");
    return server;
  }
}

const SERVERS = new Map(REFERENCES.map((reference) => [reference, new HistoryServer(reference)]));

Deno.test.afterAll(async () => {
  for (const server of SERVERS.values()) await server.dispose();
});

/** Runs a test with a server that has some history. */
async function withHistory(
  { reference }: CtlSuite,
  body: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const history = SERVERS.get(reference);
  if (history === undefined) throw new Error(`no server for ${reference.release}`);
  await body(await history.server());
}

describeCtl((test) => {
  test("watch", (suite) =>
    withHistory(suite, async (server) => {
      const endpoint = `--endpoints=${server.endpoint}`;
      const lines = [
        ["a"],
        ["", "--prefix"],
        ["a", "b"],
        ["a", "b", "c"],
        ["a", "--prefix", "--prev-kv"],
        ["a", "--prefix", "--prev-kv", "--hex"],
        ...["fields", "json", "protobuf"].map((format) => [
          "a",
          "--prefix",
          "--prev-kv",
          `-w=${format}`,
        ]),
      ];
      await Promise.all(lines.map(async (line) => {
        const args = [endpoint, "watch", "--rev=2", ...line];
        const wanted = await watchWithEtcdctl(suite.reference, args);
        assert.ok(wanted.length > 0);
        const got = await watchWithCtl(server.endpoint, args, wanted.length);
        if (suite.reference === OLDER && isDifferent(args.slice(1).join(" "), "")) return;
        assert.equal(got, wanted, line.join(" "));
      }));
    }));

  test("watch of keys that the environment names", (suite) =>
    withHistory(suite, async (server) => {
      const args = [`--endpoints=${server.endpoint}`, "watch", "--rev=2", "-i"];
      for (const more of [{}, { ETCDCTL_WATCH_RANGE_END: "b" }]) {
        const env = { ETCDCTL_WATCH_KEY: "a", ...more };
        const program = startEtcdctl(suite.reference, args, env);
        await program.write("watch --rev=2\n");
        await program.settled();
        assert.equal(await program.finish(), 3);
        const io = new CapturedIo("watch --rev=2\n", env);
        io.holdInput(until(() => io.out.length >= program.stdout.length));
        assert.equal(await ctlMain(args, io), 3);
        assert.equal(io.out, program.stdout);
      }
    }));

  test("watch with commands from standard input", (suite) =>
    withHistory(suite, async (server) => {
      const args = [`--endpoints=${server.endpoint}`, "watch", "-i"];
      const input = [
        "other",
        "",
        "watch",
        "progress",
        "watch a b --prefix",
        'watch "a" --rev=2 --prev-kv',
      ].map((line) => `${line}\n`).join("");
      const program = startEtcdctl(suite.reference, args);
      await program.write(input);
      await program.settled();
      await program.write("progress\n");
      await program.settled();
      const exitCode = await program.finish();

      const io = new CapturedIo(input);
      const eventsLength = program.stdout.indexOf("progress notify");
      io.holdInput(until(() => io.out.length >= eventsLength));
      assert.equal(await ctlMain(args, io), exitCode);
      assert.equal(io.out, program.stdout.slice(0, eventsLength));
      const stderr = program.stderr.replace("Error: Error reading", "Error: error reading");
      assert.equal(io.err, stderr);
    }));

  test("watch that runs a program", (suite) =>
    withHistory(suite, async (server) => {
      const args = [`--endpoints=${server.endpoint}`, "watch", "--rev=2", "--prefix", "a", "--"];
      const command = ["sh", "-c", "env | grep ETCD_WATCH | sort"];
      const failures = [
        ["false"],
        ["sh", "-c", "echo hi; exit 7"],
        ["no-such-program"],
        ["/no/such/program"],
      ];
      for (const failing of failures) {
        const wanted = await runEtcdctl(suite.reference, [...args, ...failing], "");
        const program = startCtl([...args, ...failing]);
        assert.equal(await program.finish(), wanted.exitCode);
        assert.equal(program.stdout, wanted.stdout);
        assert.equal(program.stderr, wanted.stderr);
      }
      const wanted = await watchWithEtcdctl(suite.reference, [...args, ...command]);
      const program = startCtl([...args, ...command]);
      await until(() => program.stdout.length >= wanted.length);
      await program.kill();
      assert.equal(program.stdout, wanted);
    }));

  test("lease keep-alive", (suite) =>
    withHistory(suite, async (server) => {
      const endpoint = `--endpoints=${server.endpoint}`;
      await Promise.all(["simple", "json", "fields"].map(async (format) => {
        const granted = await runCtl([endpoint, "lease", "grant", "2"], "");
        const [, lease] = /^lease (\w+) granted/.exec(granted.stdout) ?? [];
        const args = [endpoint, "lease", "keep-alive", lease, `-w=${format}`];
        const program = startEtcdctl(suite.reference, args);
        const io = new CapturedIo();
        const exit = ctlMain(args, io);
        await until(() => program.stdout !== "" && io.out !== "");
        await runCtl([endpoint, "lease", "revoke", lease], "");
        assert.equal(await program.finish(), 0);
        assert.equal(await exit, 0);
        const lines = (text: string) => new Set(text.split("\n"));
        assert.deepEqual(
          lines(io.out),
          lines(program.stdout),
          "only the number of lines may differ",
        );
      }));
    }));

  test("watch that cannot be", (suite) =>
    withHistory(suite, async (server) => {
      const endpoint = `--endpoints=${server.endpoint}`;
      await runCtl([endpoint, "compaction", "4"], "");
      const lines: [string[], Record<string, string>?][] = [
        [[]],
        [["a", "b", "--prefix"]],
        [["a", "--"]],
        [["--", "echo"]],
        [["a"], { ETCDCTL_WATCH_KEY: "b" }],
        [["a", "--", "echo"], { ETCDCTL_WATCH_KEY: "b" }],
        [[], { ETCDCTL_WATCH_RANGE_END: "b" }],
        [["a"], { ETCDCTL_WATCH_RANGE_END: "b" }],
        ...["simple", "fields", "json", "protobuf", "table", "other"].map((format): [string[]] => [
          ["a", "--rev=2", `-w=${format}`],
        ]),
      ];
      for (const [line, env] of lines) {
        const args = [endpoint, "watch", ...line];
        const wanted = await runEtcdctl(suite.reference, args, "", env);
        const got = await runCtl(args, "", env);
        assert.equal(got.exitCode, wanted.exitCode, line.join(" "));
        // The old program complains of variables that it has not looked for.
        const warning = /^.* pkg\/flags: unrecognized environment variable.*\n/gm;
        const stderr = wanted.stderr.replace(warning, "").replace(/^\{"level".*\n/gm, "");
        assert.equal(got.stderr, stderr, line.join(" "));
        const isSame = suite.reference === NEWER || !/-w=(json|fields)/.test(line.join(" "));
        if (isSame) assert.equal(got.stdout, wanted.stdout, line.join(" "));
      }
    }));
});
