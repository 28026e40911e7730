import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { JsonError } from "./json_error.ts";
import { JsonSyntax } from "./json_syntax.ts";

const SEED = 4711;
const PIECES = ["{", "}", "[", "]", ",", ":", '"a"', '"\\u00e9\\n"', "1", "-0.5e+7", "true", " "];

/** Where the value at the beginning ends; -1: there is none. */
function endOf(text: string, pieceLength = text.length): number {
  const bytes = Buffer.from(text);
  const syntax = new JsonSyntax();
  try {
    for (let at = 0; at < bytes.length; at += pieceLength) {
      const end = syntax.read(bytes, at, Math.min(bytes.length, at + pieceLength));
      if (end >= 0) return end;
    }
    syntax.finish();
    return bytes.length;
  } catch (error) {
    assert(error instanceof JsonError, String(error));
    return -1;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

Deno.test("JsonSyntax finds an end where JSON.parse() finds a value", () => {
  const prng = new Prng(SEED);
  let validCount = 0;
  for (let i = 0; i < 30_000; i++) {
    const length = prng.between(1, 7);
    const text = Array.from({ length }, () => prng.pick(PIECES)).join("");
    const end = endOf(text);
    if (isJson(text)) {
      validCount++;
      assert(end >= text.trimEnd().length, `${text}: ${end}, seed ${SEED}`);
    } else if (end >= 0) {
      // Something stands behind the value.
      assert(end < text.length && isJson(text.slice(0, end)), `${text}: ${end}, seed ${SEED}`);
    }
  }
  assert(validCount > 300, String(validCount));
});

Deno.test("JsonSyntax finds the same end however the text is cut", () => {
  const text = '{"a":[1,-2.5e3,"x\\u0041\\"",null,{"b":{}}],"c":true} {"next":1}';
  for (let pieceLength = 1; pieceLength <= text.length; pieceLength++) {
    assert.equal(endOf(text, pieceLength), text.indexOf(" {"));
  }
});
