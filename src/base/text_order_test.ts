import assert from "node:assert/strict";
import { bytesFromText, compareBytes } from "./bytes.ts";
import { compareTexts } from "./text_order.ts";

Deno.test("compareTexts() orders like the UTF-8 bytes", () => {
  const texts = [
    "",
    "a",
    "ab",
    "b",
    "\u00e9",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{1f600}",
    "\u{10ffff}a",
  ];
  for (const a of texts) {
    for (const b of texts) {
      const expected = Math.sign(compareBytes(bytesFromText(a), bytesFromText(b)));
      assert.equal(Math.sign(compareTexts(a, b)), expected, `${a} and ${b}`);
    }
  }
});
