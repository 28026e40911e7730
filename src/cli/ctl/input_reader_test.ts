import assert from "node:assert/strict";
import { InputReader } from "./input_reader.ts";

function reader(...chunks: string[]): InputReader {
  return new InputReader(ReadableStream.from(chunks.map((text) => new TextEncoder().encode(text))));
}

Deno.test("InputReader.line() gives lines with their ends, whatever the chunks", async () => {
  const input = reader("a\nb", "", "c", "\n\nlast without an end");
  assert.equal(await input.line(), "a\n");
  assert.equal(await input.line(), "bc\n");
  assert.equal(await input.line(), "\n");
  assert.equal(await input.line(), undefined);
  assert.equal(await input.rest(), "last without an end");
});

Deno.test("InputReader.rest() gives all bytes that are left", async () => {
  const input = reader("a\n", "\u00e9");
  assert.equal(await input.line(), "a\n");
  assert.equal(await input.rest(), "\xc3\xa9");
  assert.equal(await input.rest(), "");
});
