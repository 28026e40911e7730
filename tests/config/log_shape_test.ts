import assert from "node:assert/strict";
import { join } from "node:path";
import { ServerProcess } from "../harness/server_process.ts";
import { NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";

/** What the server logs from its start to its end. */
async function logOf(target: TargetName, flags: readonly string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "etcd.log");
    const server = await ServerProcess.start(target, {
      flags: [`--log-outputs=${path}`, ...flags],
    });
    await server.stop();
    await server.dispose();
    return (await Deno.readTextFile(path)).trimEnd().split("\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[-+]\d{4})`;
const CALLER = String.raw`[\w@.-]+\/[\w-]+\.\w+:\d+`;
const LEVEL = "(?:debug|info|warn|error)";

/** The head of a line: the same keys in the same order and form. */
const JSON_LINE = new RegExp(
  `^\\{"level":"${LEVEL}","ts":"${TIME}",(?:"logger":"[\\w.-]+",)?"caller":"${CALLER}","msg":".*\\}$`,
);
const CONSOLE_LINE = new RegExp(
  `^${TIME}\\t${LEVEL}\\t(?:[\\w.-]+\\t)?${CALLER}\\t[^\\t]+(?:\\t\\{"[^"]+": .*\\})?$`,
);

/** What tools and people look for in the log of either. */
const MESSAGES = [
  "Running: ",
  "Initialize and start etcd server",
  "ready to serve client requests",
  "received signal; shutting down",
  "closing etcd server",
  "closed etcd server",
];

for (const target of NEWER_TARGET_NAMES) {
  const missing = whyMissing(target);
  const ignore = missing !== undefined;
  const title = ignore ? `[${target}] not run: ${missing}` : `[${target}]`;

  Deno.test({
    name: `the log ${title} has etcd's keys and messages`,
    ignore,
    async fn() {
      const lines = await logOf(target, []);
      for (const line of lines) assert.match(line, JSON_LINE);
      const messages = lines.map((line) => JSON.parse(line).msg);
      for (const message of MESSAGES) assert(messages.includes(message), message);
    },
  });

  Deno.test({
    name: `the log ${title} has etcd's columns in console format`,
    ignore,
    async fn() {
      const lines = await logOf(target, ["--log-format=console"]);
      // Errors tell on lines of their own how they came about.
      const events = lines.filter((line) => /^\d{4}-/.test(line));
      assert(events.length > 5, lines.join("\n"));
      for (const line of events) assert.match(line, CONSOLE_LINE);
    },
  });

  Deno.test({
    name: `the log ${title} says only what its level lets through`,
    ignore,
    async fn() {
      const lines = await logOf(target, ["--log-level=warn"]);
      for (const line of lines) assert.match(JSON.parse(line).level, /^(?:warn|error)$/);
    },
  });
}
