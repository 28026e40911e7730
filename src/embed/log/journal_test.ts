import assert from "node:assert/strict";
import { DatagramSink } from "../../net/testing/datagram_sink.ts";
import { ConfigError } from "../config/errors.ts";
import type { LogEvent } from "./log_line.ts";
import { CONFIG_LIMITS } from "../config/limits.ts";
import { encodeJournalEntry, Journal, openJournal } from "./journal.ts";

const EVENT: LogEvent = {
  level: "warn",
  timestampMs: 0,
  logger: "",
  caller: "server/etcd_server.ts:1",
  stack: "",
  message: "",
  fields: {},
};

function recordingFallback() {
  const lines: string[] = [];
  return { lines, write: (line: string) => void lines.push(line), close: () => {} };
}

Deno.test({
  name: "openJournal() sends lines with their priority and package",
  ignore: Deno.build.os !== "linux" || !DatagramSink.isAvailable(),
  async fn() {
    const path = `@detcd-journal-${crypto.randomUUID()}`;
    await using sink = await DatagramSink.open(path);
    const fallback = recordingFallback();
    const journal = openJournal(fallback, path);
    journal.write('{"msg":"a"}\n', EVENT);
    journal.write('{"msg":"b"}\n', { ...EVENT, level: "error" });
    // Lines under way are sent before the socket is closed.
    journal.close();
    const identity = "PACKAGE=server\nSYSLOG_IDENTIFIER=detcd\n";
    assert.equal(await sink.next(), `MESSAGE={"msg":"a"}\nPRIORITY=4\n${identity}`);
    assert.equal(await sink.next(), `MESSAGE={"msg":"b"}\nPRIORITY=3\n${identity}`);
    assert.deepEqual(fallback.lines, []);
  },
});

Deno.test({
  name: "openJournal() falls back when nobody takes its lines",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const fallback = recordingFallback();
    const told = Promise.withResolvers<void>();
    const write = (line: string) => {
      fallback.write(line);
      told.resolve();
    };
    const journal = openJournal({ write, close: () => {} }, "@detcd-nobody-is-here");
    journal.write("line\n", EVENT);
    await told.promise;
    journal.close();
    assert.deepEqual(fallback.lines, ["line\n"]);
  },
});

Deno.test("Journal holds no more lines than its bound when nobody takes them", async () => {
  const taken = Promise.withResolvers<void>();
  let sentCount = 0;
  const closed = Promise.withResolvers<void>();
  const sender = {
    async send() {
      await taken.promise;
      sentCount++;
    },
    close: closed.resolve,
  };
  const fallback = recordingFallback();
  const journal = new Journal(sender, fallback);
  for (let i = 0; i < CONFIG_LIMITS.journalLines + 2; i++) journal.write(`${i}\n`, EVENT);
  const { journalLines } = CONFIG_LIMITS;
  assert.deepEqual(fallback.lines, [`${journalLines}\n`, `${journalLines + 1}\n`]);
  taken.resolve();
  journal.close();
  await closed.promise;
  assert.equal(sentCount, journalLines);
});

Deno.test("Journal.close() waits for nothing when nothing is under way", () => {
  let isClosed = false;
  const sender = { send: () => Promise.resolve(), close: () => void (isClosed = true) };
  new Journal(sender, recordingFallback()).close();
  assert.equal(isClosed, true);
});

Deno.test("openJournal() says in etcd's words that there is no journal", () => {
  assert.throws(() => openJournal(recordingFallback(), "/nonexistent/socket"), (error) => {
    assert(error instanceof ConfigError);
    assert.equal(
      error.message,
      "dial unixgram /nonexistent/socket: connect: no such file or directory",
    );
    return true;
  });
});

Deno.test("encodeJournalEntry() frames values with line breaks by their length", () => {
  const bytes = encodeJournalEntry("a\nb\n", EVENT);
  const head = new TextEncoder().encode("MESSAGE\n");
  assert.deepEqual(bytes.subarray(0, head.length), head);
  assert.equal(new DataView(bytes.buffer).getBigUint64(head.length, true), 3n);
  const rest = new TextDecoder().decode(bytes.subarray(head.length + 8));
  assert(rest.startsWith("a\nb\nPRIORITY=4\n"), rest);
});
