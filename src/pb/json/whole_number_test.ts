import assert from "node:assert/strict";
import { wholeNumber } from "./whole_number.ts";

Deno.test("wholeNumber() reads whole numbers however they are written", () => {
  const cases: ReadonlyArray<readonly [string, bigint]> = [
    ["0", 0n],
    ["-0", 0n],
    ["0.000", 0n],
    ["0e5", 0n],
    ["12", 12n],
    ["-12", -12n],
    ["1.0", 1n],
    ["1.50e1", 15n],
    ["100e-2", 1n],
    ["1E3", 1000n],
    ["18446744073709551615", 18446744073709551615n],
    ["-9223372036854775808", -9223372036854775808n],
  ];
  for (const [text, value] of cases) assert.equal(wholeNumber(text), value, text);
});

Deno.test("wholeNumber() takes nothing else", () => {
  const others = [
    "",
    " 1",
    "1 ",
    "01",
    "1.5",
    "1e-1",
    "15e-1",
    "0x1",
    "+1",
    "1e400",
    "-",
    "1.",
    ".5",
  ];
  for (const text of [...others, "1e99999999999", "NaN", "--1"]) {
    assert.equal(wholeNumber(text), undefined, text);
  }
});

Deno.test("wholeNumber() takes no longer for a text than it is long", () => {
  const zeros = "0".repeat(2_000_000);
  assert.equal(wholeNumber(`1.${zeros}`), 1n);
  assert.equal(wholeNumber(`1.${zeros}1`), undefined);
  assert.equal(wholeNumber(`1${zeros}1`), undefined);
  assert.equal(wholeNumber(`0.${zeros}e${zeros}`), 0n);
});
