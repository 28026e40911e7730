import assert from "node:assert/strict";
import { LiteralError, parseGoBool, parseGoInt, parseGoUint } from "./go_literal.ts";

function failureOf(read: () => unknown): string {
  try {
    return `no failure but ${read()}`;
  } catch (error) {
    assert(error instanceof LiteralError);
    return error.message;
  }
}

Deno.test("parseGoBool() reads the twelve words of Go and no other", () => {
  for (const text of ["1", "t", "T", "TRUE", "true", "True"]) assert.equal(parseGoBool(text), true);
  for (const text of ["0", "f", "F", "FALSE", "false", "False"]) {
    assert.equal(parseGoBool(text), false);
  }
  for (const text of ["", "tRUE", "yes", "on", "2", " true"]) {
    assert.equal(failureOf(() => parseGoBool(text)), "parse error");
  }
});

Deno.test("parseGoUint() reads every base of Go's literals", () => {
  const cases: [string, bigint][] = [
    ["0", 0n],
    ["00", 0n],
    ["017", 15n],
    ["0_7", 7n],
    ["0o17", 15n],
    ["0O1_7", 15n],
    ["0x_1F", 31n],
    ["0Xff", 255n],
    ["0b101", 5n],
    ["0B1_0", 2n],
    ["1_000", 1000n],
    ["18446744073709551615", (1n << 64n) - 1n],
  ];
  for (const [text, value] of cases) assert.equal(parseGoUint(text, 64), value, text);
});

Deno.test("parseGoUint() tells bad syntax from a number that is too large", () => {
  for (const text of ["", "x", "-1", "+1", "08", "1__0", "_1", "1_", "0x", "1e3", "1.0", " 1"]) {
    assert.equal(failureOf(() => parseGoUint(text, 64)), "parse error", text);
  }
  for (const text of ["18446744073709551616", "9".repeat(1000), "0x10000000000000000"]) {
    assert.equal(failureOf(() => parseGoUint(text, 64)), "value out of range", text);
  }
  assert.equal(failureOf(() => parseGoUint("4294967296", 32)), "value out of range");
});

Deno.test("parseGoInt() keeps to the bounds of a signed number", () => {
  assert.equal(parseGoInt("-9223372036854775808", 64), -(1n << 63n));
  assert.equal(parseGoInt("+9223372036854775807", 64), (1n << 63n) - 1n);
  assert.equal(parseGoInt("-0x10", 64), -16n);
  assert.equal(failureOf(() => parseGoInt("9223372036854775808", 64)), "value out of range");
  assert.equal(failureOf(() => parseGoInt("-9223372036854775809", 64)), "value out of range");
  assert.equal(failureOf(() => parseGoInt("--1", 64)), "parse error");
  assert.equal(failureOf(() => parseGoInt("-", 64)), "parse error");
});
