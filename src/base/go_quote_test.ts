import assert from "node:assert/strict";
import { goQuote } from "./go_quote.ts";

Deno.test("goQuote() writes what Go's %q writes", () => {
  const cases: [string, string][] = [
    ["", '""'],
    ["a b", '"a b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["a\n\t\r\x07\b\f\v", '"a\\n\\t\\r\\a\\b\\f\\v"'],
    ["\x00\x1b\x7f", '"\\x00\\x1b\\x7f"'],
    ["h\u00e9llo \u4e16", '"h\u00e9llo \u4e16"'],
    ["\u200b\u2028", '"\\u200b\\u2028"'],
    ["\u00a0", '"\\u00a0"'],
    ["\u{e0001}", '"\\U000e0001"'],
    ["\u{1f600}", '"\u{1f600}"'],
  ];
  for (const [text, quoted] of cases) assert.equal(goQuote(text), quoted);
});
