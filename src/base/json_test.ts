import assert from "node:assert/strict";
import { formatJson, jsonUint64, parseJson } from "./json.ts";

Deno.test("parseJson() keeps 64-bit whole numbers exact", () => {
  const text = '{"id":3216812504534468517,"small":7,"float":1.5,"list":[18446744073709551615]}';
  const value = parseJson(text);
  assert.deepEqual(value, {
    id: 3216812504534468517n,
    small: 7,
    float: 1.5,
    list: [18446744073709551615n],
  });
  assert.equal(formatJson(value), text);
});

Deno.test("parseJson() throws a SyntaxError on malformed text", () => {
  assert.throws(() => parseJson("{"), SyntaxError);
});

Deno.test("jsonUint64() takes small and large whole numbers and nothing else", () => {
  assert.equal(jsonUint64(5), 5n);
  assert.equal(jsonUint64(5n), 5n);
  assert.equal(jsonUint64("5"), undefined);
  assert.equal(jsonUint64(1.5), undefined);
});
