import assert from "node:assert/strict";
import { join } from "node:path";
import { newConfig } from "./config/config.ts";
import { formatLogLine } from "./config/log_line.ts";
import { LogSampler } from "./config/log_output.ts";
import { closeLogging, configureLogging, roomLogger } from "./logging.ts";

function withLogFile(use: (path: string) => void): string {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "etcd.log");
    use(path);
    return Deno.readTextFileSync(path);
  } finally {
    closeLogging();
    Deno.removeSync(folder, { recursive: true });
  }
}

const EVENT = {
  level: "warn",
  timestampMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  logger: "server",
  caller: "disk/wal.ts:7",
  stack: "",
  message: 'slow "fdatasync"',
  fields: { took: "1.5s", count: 3, id: 18446744073709551615n, error: new Error("bad disk") },
};

Deno.test("formatLogLine() writes JSON with etcd's keys", () => {
  const parsed = JSON.parse(formatLogLine(EVENT, "json"));
  assert.deepEqual(Object.keys(parsed), [
    "level",
    "ts",
    "logger",
    "caller",
    "msg",
    "took",
    "count",
    "id",
    "error",
  ]);
  assert.equal(parsed.level, "warn");
  assert.equal(parsed.msg, 'slow "fdatasync"');
  assert.equal(parsed.error, "bad disk");
  assert.equal(parsed.id, "18446744073709551615");
  // The form of Go's 2006-01-02T15:04:05.000000Z0700, in whatever zone this machine is.
  assert.match(parsed.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[-+]\d{4})$/);
  assert.equal(Date.parse(parsed.ts.replace(/([-+]\d\d)(\d\d)$/, "$1:$2")), EVENT.timestampMs);
});

Deno.test("formatLogLine() writes columns for the console, on one line whatever is logged", () => {
  const fields = { took: "1.5s", names: ["a", "b"] };
  const line = formatLogLine({ ...EVENT, message: "two\nlines", fields }, "console");
  const columns = line.slice(0, -1).split("\t");
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(columns.slice(1), [
    "warn",
    "server",
    "disk/wal.ts:7",
    "two lines",
    // With spaces, as etcd's console has them.
    '{"took": "1.5s", "names": ["a", "b"]}',
  ]);
});

Deno.test("formatLogLine() survives values that JSON does not know", () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const fields = {
    loop,
    nothing: undefined,
    set: new Set(["a"]),
    map: new Map([["k", 1]]),
    symbol: Symbol("s"),
    long: "x".repeat(10_000),
  };
  const parsed = JSON.parse(formatLogLine({ ...EVENT, fields }, "json"));
  assert.equal(parsed.loop, "[object Object]");
  assert(!("nothing" in parsed));
  assert.deepEqual(parsed.set, ["a"]);
  assert.deepEqual(parsed.map, { k: 1 });
  assert.equal(parsed.symbol, "Symbol(s)");
  assert.equal(parsed.long.length, 4_096 + 3);
});

Deno.test("LogSampler thins out a message after the hundredth in a second", () => {
  const sampler = new LogSampler();
  function admitted(count: number, timestampMs: number): number {
    let admittedCount = 0;
    for (let i = 0; i < count; i++) {
      if (sampler.admits("info", "noise", timestampMs)) admittedCount++;
    }
    return admittedCount;
  }
  assert.equal(admitted(1000, 5_000), 100 + 9);
  assert(sampler.admits("info", "another", 5_000));
  assert(sampler.admits("warn", "noise", 5_000));
  assert.equal(admitted(50, 6_000), 50);
});

Deno.test("roomLogger() is silent until logging is configured", () => {
  roomLogger("server").error("nobody hears this", { a: 1 });
});

Deno.test("Config.setupLogging() writes to its outputs what its level lets through", () => {
  const text = withLogFile((path) => {
    const config = newConfig();
    config.logLevel = "warn";
    config.logOutputs = [path];
    config.setupLogging();
    config.getLogger("server").info("not this");
    config.getLogger("server").warn("this {is} it", { key: "value" });
    config.getLogger().error("and this");
  });
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ level, logger, msg, key }) => [level, logger, msg, key]), [
    ["warn", "server", "this {is} it", "value"],
    ["error", undefined, "and this", undefined],
  ]);
});

Deno.test("Config.setupLogging() can be called again, and appends", () => {
  const text = withLogFile((path) => {
    for (const message of ["one", "two"]) {
      configureLogging({ level: "info", format: "console", outputs: [path, path] });
      roomLogger("").info(message);
    }
  });
  assert.deepEqual(text.trimEnd().split("\n").map((line) => line.split("\t")[3]), ["one", "two"]);
});

Deno.test("Config.setupLogging() says which log file it cannot open", () => {
  const config = newConfig();
  config.logOutputs = ["/nonexistent/etcd.log"];
  assert.throws(
    () => config.setupLogging(),
    /open sink "\/nonexistent\/etcd\.log": open \/nonexistent\/etcd\.log: no such file/,
  );
  config.logLevel = "loud";
  assert.throws(() => config.setupLogging(), /unrecognized level: "loud"/);
});

Deno.test("Config.setupLogging() says who logs, and of errors how it came there", () => {
  const text = withLogFile((path) => {
    const config = newConfig();
    config.logOutputs = [path];
    config.setupLogging();
    config.getLogger("server").info("fine");
    config.getLogger("server").error("not fine");
  });
  const [info, error] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.match(info.caller, /^embed\/logging_test\.ts:\d+$/);
  assert.equal(info.stacktrace, undefined);
  assert.match(error.stacktrace, /^.*\n\t.*\/embed\/logging_test\.ts:\d+\n/);
  assert.equal(Object.keys(error).at(-1), "stacktrace");
});

Deno.test("Config.setupLogging() gives parts of the server levels of their own", () => {
  const text = withLogFile((path) => {
    const config = newConfig();
    config.logLevel = "warn";
    config.logPkgLevels = "etcdserver=DEBUG,http=loud";
    config.logOutputs = [path];
    config.setupLogging();
    config.getLogger("server").debug("heard");
    config.getLogger("embed").info("not heard");
  });
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ msg }) => msg), ["cannot read some of the log levels", "heard"]);
  assert.deepEqual(lines[0]["log-package-levels"], ["http=loud"]);
});
