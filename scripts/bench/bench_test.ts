import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../src/base/prng.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { parseWrkReport } from "./gateway_rows.ts";
import { parseReport } from "./h2load.ts";
import { MessageReader } from "./lean_connection.ts";
import { replaceSection, tableLines } from "./report.ts";
import { formatFigure, median, percentile } from "./statistics.ts";
import { chooseByRows, type Row } from "./suite.ts";
import { WatchResponseCounter } from "./watch_response_counter.ts";
import { encode, headerRevision } from "./wire.ts";

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A watch stream with 3 created responses and 1 + 2 + ... + 20 events. */
function watchStream(prng: Prng): Buffer {
  const header = encode([[3, 300]]);
  const messages = [0, 1, 2].map((id) => encode([[1, header], [2, id], [3, 1]]));
  for (let count = 1; count <= 20; count++) {
    const event = encode([[2, encode([[1, "key"], [5, prng.bytes(prng.between(0, 300))]])]]);
    const events = Array.from({ length: count }, () => [11, event] as const);
    messages.push(encode([[1, header], [2, 1], ...events]), new Uint8Array(0));
  }
  return Buffer.concat(messages.map(framed));
}

function cut(bytes: Buffer, prng: Prng): Buffer[] {
  const pieces: Buffer[] = [];
  for (let position = 0; position < bytes.length;) {
    const end = Math.min(bytes.length, position + prng.between(1, 40));
    pieces.push(bytes.subarray(position, end));
    position = end;
  }
  return pieces;
}

Deno.test("WatchResponseCounter counts the same however the stream is cut", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const prng = new Prng(seed);
    const counter = new WatchResponseCounter();
    for (const piece of cut(watchStream(prng), prng)) counter.data(piece, 0, piece.length);
    assert.deepEqual([counter.created, counter.events], [3, 210], `seed ${seed}`);
  }
});

Deno.test("MessageReader puts cut messages together", () => {
  const prng = new Prng(7);
  const messages = Array.from({ length: 30 }, (_, i) => prng.bytes(i * 3));
  const stream = Buffer.concat(messages.map(framed));
  const found: Uint8Array[] = [];
  const reader = new MessageReader((bytes, start, end) => {
    found.push(Uint8Array.from(bytes.subarray(start, end)));
  });
  for (const piece of cut(stream, prng)) reader.read(piece, 0, piece.length);
  assert.deepEqual(found, messages);
});

Deno.test("headerRevision() reads the revision of a response", () => {
  assert.equal(headerRevision(encode([[1, encode([[1, 2n ** 63n], [3, 4711]])], [4, 1]])), 4711);
});

Deno.test("parseReport() takes h2load's word only for a clean run", () => {
  const report = [
    "finished in 779.00ms, 38510.86 req/s, 2.48MB/s",
    "requests: 300 total, 300 started, 300 done, 300 succeeded, 0 failed, 0 errored, 0 timeout",
    "traffic: 1.93MB (2026422) total, 59.18KB (60600) headers (space savings 94.68%), 950.68KB (973492) data",
  ].join("\n");
  assert.deepEqual(parseReport(report, 300), { requestsPerSecond: 38510.86, dataBytes: 973492 });
  assert.throws(() => parseReport(report, 301), /did not finish 301/);
  assert.throws(() => parseReport(report.replace("0 errored", "1 errored"), 300), /did not finish/);
});

Deno.test("tableLines() shows medians and a ratio above 1 in detcd's favour", () => {
  const rows = [
    { id: "a", title: "rate", unit: "x/s", isRate: true },
    { id: "b", title: "time", unit: "ms", isRate: false },
    { id: "c", title: "alone", unit: "ms", isRate: false },
  ];
  const results = new Map<string, Map<TargetName, number[]>>();
  results.set("a", new Map([["etcd", [1, 10, 4]], ["detcd", [8, 8, 8]]]));
  results.set("b", new Map([["etcd", [30]], ["detcd", [10]]]));
  results.set("c", new Map([["etcd", [30]]]));
  const lines = tableLines(rows, results).slice(1);
  assert.deepEqual(lines[0].slice(2), ["4.00 (1.00 - 10.0)", "8.00 (8.00 - 8.00)", "2.00x"]);
  assert.equal(lines[1][4], "3.00x");
  assert.deepEqual(lines[2].slice(3), ["-", "-"]);
});

Deno.test("replaceSection() replaces between its own markers and appends where there are none", () => {
  const marked = (section: string, content: string): string =>
    `<!-- ${section}:begin -->\n\n${content}\n\n<!-- ${section}:end -->`;
  const page = (small: string, large: string): string =>
    `# P\n${marked("bench", small)}\nrest\n${marked("bench-large", large)}\nend\n`;
  assert.equal(replaceSection(page("old", "big"), "bench", "new"), page("new", "big"));
  assert.equal(replaceSection(page("old", "big"), "bench-large", "new"), page("old", "new"));
  assert.equal(replaceSection("# P\n", "bench", "new"), `# P\n\n${marked("bench", "new")}\n`);
});

Deno.test("median() and formatFigure() keep to what a measurement bears", () => {
  assert.equal(median([5, 1, 9]), 5);
  assert.equal(median([5, 1, 9, 7]), 6);
  assert.ok(Number.isNaN(median([])));
  const texts = [12345.6, 123.4, 12.34, 1.234, NaN].map(formatFigure);
  assert.deepEqual(texts, ["12 346", "123", "12.3", "1.23", "-"]);
});

Deno.test("percentile() takes the nearest rank", () => {
  const thousand = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  assert.equal(percentile(thousand, 99.9), 999);
  assert.equal(percentile(thousand, 50), 500);
  assert.equal(percentile(thousand, 100), 1000);
  assert.equal(percentile(thousand, 0), 1);
  assert.equal(percentile([...thousand, 1001], 99.9), 1000);
  assert.equal(percentile([7, 3], 99.9), 7);
  assert.ok(Number.isNaN(percentile([], 50)));
});

Deno.test("chooseByRows() takes whole measurements and refuses names it does not know", () => {
  const row = (id: string): Row => ({ id, title: id, unit: "ms", isRate: false });
  const [first, second] = [{ rows: [row("a"), row("b")] }, { rows: [row("c")] }];
  assert.deepEqual(chooseByRows([first, second], ["b"]), [first]);
  assert.deepEqual(chooseByRows([first, second], []), [first, second]);
  assert.throws(() => chooseByRows([first, second], ["d"]), /--only d: rows are a, b, c/);
});

Deno.test("parseWrkReport() reads the figures and refuses runs with failures", () => {
  const report = "Running 3s test @ http://127.0.0.1:1/x\n  1 threads and 50 connections\n" +
    "  60123 requests in 3.01s, 15.10MB read\nRequests/sec:  19974.42\nTransfer/sec: 5.02MB\n";
  assert.deepEqual(parseWrkReport(report), { requests: 60_123, requestsPerSecond: 19_974.42 });
  assert.throws(
    () => parseWrkReport(`${report}  Non-2xx or 3xx responses: 3\n`),
    /not finish well/,
  );
});
