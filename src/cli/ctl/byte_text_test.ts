import assert from "node:assert/strict";
import { byteText, hexId, hexText, plainText, quoteBytes } from "./byte_text.ts";

Deno.test("byteText() and plainText() go to UTF-8 and back", () => {
  assert.equal(byteText("\u00e9"), "\u00c3\u00a9");
  assert.equal(plainText(byteText("\u65e5\u{1f600}")), "\u65e5\u{1f600}");
});

Deno.test("quoteBytes() quotes as Go's %q does", () => {
  const cases: [string, string][] = [
    ["", '""'],
    ['a"\\\n\t\x00\x7f', '"a\\"\\\\\\n\\t\\x00\\x7f"'],
    [byteText("\u00e9\u65e5"), byteText('"\u00e9\u65e5"')],
    ["\xff\xfe", '"\\xff\\xfe"'],
    ["a\xc3", '"a\\xc3"'],
    // An overlong form, a surrogate, and what lies beyond Unicode.
    ["\xc0\x80", '"\\xc0\\x80"'],
    ["\xed\xa0\x80", '"\\xed\\xa0\\x80"'],
    ["\xf4\x90\x80\x80", '"\\xf4\\x90\\x80\\x80"'],
    [byteText("\u2028"), '"\\u2028"'],
  ];
  for (const [bytes, quoted] of cases) assert.equal(quoteBytes(bytes), quoted);
});

Deno.test("hexText() and hexId() write hexadecimal", () => {
  assert.equal(hexText("a\xff\n"), "\\x61\\xff\\x0a");
  assert.equal(hexId(0x8dn), "8d");
  assert.equal(hexId(0x8dn, 16), "000000000000008d");
  assert.equal(hexId(-5n, 16), "-000000000000005");
});
