import assert from "node:assert/strict";
import {
  DurationError,
  formatGoDuration,
  millisecondsFromNanoseconds,
  nanosecondsFromMilliseconds,
  parseGoDuration,
} from "./go_duration.ts";
import { Prng } from "./prng.ts";

const SECOND = 1_000_000_000n;

Deno.test("parseGoDuration() reads every form that Go's documentation names", () => {
  const cases: [string, bigint][] = [
    ["0", 0n],
    ["-0", 0n],
    ["0s", 0n],
    ["5s", 5n * SECOND],
    ["+5s", 5n * SECOND],
    ["-5s", -5n * SECOND],
    ["1.5h", 5400n * SECOND],
    [".5s", SECOND / 2n],
    ["1.s", SECOND],
    ["1h2m3s4ms5us6ns", 3_723_004_005_006n],
    ["1\u00b5s", 1000n],
    ["1\u03bcs", 1000n],
    ["39h9m14.425s", 140_954_425_000_000n],
    ["0.100000000000000000000h", 360n * SECOND],
    ["9223372036854775807ns", (1n << 63n) - 1n],
    ["-9223372036854775808ns", -(1n << 63n)],
  ];
  for (const [text, nanoseconds] of cases) assert.equal(parseGoDuration(text), nanoseconds, text);
});

Deno.test("parseGoDuration() refuses what Go refuses, in Go's words", () => {
  const cases: [string, string][] = [
    ["", 'time: invalid duration ""'],
    ["-", 'time: invalid duration "-"'],
    [".", 'time: invalid duration "."'],
    [".s", 'time: invalid duration ".s"'],
    ["s", 'time: invalid duration "s"'],
    ["5", 'time: missing unit in duration "5"'],
    ["1.5.5s", 'time: missing unit in duration "1.5.5s"'],
    ["5d", 'time: unknown unit "d" in duration "5d"'],
    ["1s-2s", 'time: unknown unit "s-" in duration "1s-2s"'],
    [" 5s", 'time: invalid duration " 5s"'],
    ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
    ["9999999999999999999999999999999999999999999h", "time: invalid duration"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseGoDuration(text), (error) => {
      assert(error instanceof DurationError);
      assert(error.message.startsWith(message), `${text}: ${error.message}`);
      return true;
    });
  }
});

Deno.test("formatGoDuration() prints what Go prints", () => {
  const cases: [bigint, string][] = [
    [0n, "0s"],
    [1n, "1ns"],
    [1_100n, "1.1\u00b5s"],
    [2_200_000n, "2.2ms"],
    [3_300_000_000n, "3.3s"],
    [245_000_000_000n, "4m5s"],
    [245_001_000_000n, "4m5.001s"],
    [18_367_001_000_000n, "5h6m7.001s"],
    [480_000_000_001n, "8m0.000000001s"],
    [7_200_000_000_000n, "2h0m0s"],
    [-90_000_000_000n, "-1m30s"],
    [(1n << 63n) - 1n, "2562047h47m16.854775807s"],
  ];
  for (const [nanoseconds, text] of cases) assert.equal(formatGoDuration(nanoseconds), text);
});

Deno.test("parseGoDuration() reads what formatGoDuration() wrote", () => {
  const prng = new Prng(20180214);
  for (let i = 0; i < 5000; i++) {
    const nanoseconds = BigInt.asIntN(64, prng.uint64()) >> BigInt(prng.between(0, 63));
    assert.equal(parseGoDuration(formatGoDuration(nanoseconds)), nanoseconds);
  }
});

Deno.test("nanosecondsFromMilliseconds() undoes millisecondsFromNanoseconds()", () => {
  const prng = new Prng(7);
  for (let i = 0; i < 5000; i++) {
    // Up to 26 days; a number of milliseconds holds that to the nanosecond.
    const nanoseconds = prng.uint64() % (1n << 51n) * (prng.chance(0.5) ? 1n : -1n);
    assert.equal(
      nanosecondsFromMilliseconds(millisecondsFromNanoseconds(nanoseconds)),
      nanoseconds,
    );
  }
});
