import assert from "node:assert/strict";
import { byteText } from "../byte_text.ts";
import { CtlError } from "../exit_code.ts";
import { splitWords } from "./words.ts";

Deno.test("splitWords() parts bare and quoted words", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["  put   a\tb  ", ["put", "a", "b"]],
    [`put 'a b' "c d"`, ["put", "a b", "c d"]],
    [`put "a"b c`, ["put", "a", "b", "c"]],
    [`put a"b c`, ["put", `a"b`, "c"]],
    [`put ""`, ["put", ""]],
    [`put "q\\"q" '\\'`, ["put", `q"q`, "\\"]],
    [`"\\x00\\xff\\101\\n"`, ["\x00\xffA\n"]],
    [`"\\u00e9\\U0001f600"`, [byteText("\u00e9\u{1f600}")]],
    // A quote that is not closed is skipped.
    [`put "a b`, ["put", "a", "b"]],
    ["put 'a", ["put", "a"]],
  ];
  for (const [line, words] of cases) assert.deepEqual(splitWords(line), words, line);
});

Deno.test("splitWords() refuses escapes that Go does not know", () => {
  for (const line of [`"\\q"`, `"\\x1"`, `"\\ud800"`, `"\\U00110000"`, `"\\'"`, `"a\nb"`]) {
    assert.throws(() => splitWords(line), CtlError, line);
  }
});
