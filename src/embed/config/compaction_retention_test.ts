import assert from "node:assert/strict";
import { parseCompactionRetention } from "./compaction_retention.ts";
import { ConfigError } from "./errors.ts";

const HOUR_MS = 3_600_000;

Deno.test("parseCompactionRetention() reads hours, and durations with a unit", () => {
  const cases: [string, number][] = [
    ["1", HOUR_MS],
    ["+2", 2 * HOUR_MS],
    ["010", 10 * HOUR_MS],
    ["720", 720 * HOUR_MS],
    ["1h", HOUR_MS],
    ["1h30m", 1.5 * HOUR_MS],
    ["5m", 300_000],
    ["1.5s", 1500],
    ["100us", 0.1],
  ];
  for (const [text, periodMs] of cases) {
    assert.deepEqual(parseCompactionRetention("periodic", text), { mode: "periodic", periodMs });
  }
});

Deno.test("parseCompactionRetention() reads revisions, and durations as nanoseconds", () => {
  const cases: [string, number][] = [["1", 1], ["1000", 1000], ["5us", 5000], ["1s", 1e9]];
  for (const [text, retainedRevisions] of cases) {
    const expected = { mode: "revision", retainedRevisions };
    assert.deepEqual(parseCompactionRetention("revision", text), expected);
  }
});

Deno.test("parseCompactionRetention() says no for nothing", () => {
  for (const mode of ["periodic", "revision"]) {
    for (const text of ["", "0", "00", "+0", "0s", "0h0m"]) {
      assert.equal(parseCompactionRetention(mode, text), undefined, `${mode} ${text}`);
    }
  }
});

Deno.test("parseCompactionRetention() refuses what Go cannot read and what lies in the past", () => {
  const digits = "9".repeat(100_000);
  const cases: [string, string][] = [
    ["x", 'time: invalid duration "x"'],
    ["-1", 'time: missing unit in duration "-1"'],
    ["1 h", 'time: unknown unit " h" in duration "1 h"'],
    ["1_000", 'time: unknown unit "_" in duration "1_000"'],
    ["9223372036854775808", 'time: missing unit in duration "9223372036854775808"'],
    [digits, `time: missing unit in duration "${digits}"`],
    ["-1h", "negative retention -1h"],
  ];
  for (const [text, why] of cases) {
    assert.throws(() => parseCompactionRetention("periodic", text), (error) => {
      assert(error instanceof ConfigError);
      assert.equal(error.message, `error parsing CompactionRetention: ${why}`);
      return true;
    });
  }
});
