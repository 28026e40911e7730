import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { Writer } from "../writer.ts";
import { decodeBase64, decodeLongBase64, encodeBase64 } from "./base64.ts";

function decoded(text: string): string | undefined {
  const writer = new Writer();
  const source = Buffer.from(text, "latin1");
  if (!decodeBase64(source, 0, source.length, writer)) {
    assert.equal(writer.position, 0, "nothing is left behind");
    return undefined;
  }
  const bytes = writer.finish();
  const headLength = bytes.length < 0x81 ? 1 : bytes.length < 0x4002 ? 2 : 3;
  return Buffer.from(bytes.subarray(headLength)).toString("latin1");
}

Deno.test("encodeBase64() and decodeBase64() agree with node:buffer on all lengths", () => {
  const prng = new Prng(7);
  for (let length = 0; length < 300; length++) {
    const bytes = Buffer.from(prng.bytes(length));
    const text = bytes.toString("base64");
    const target = Buffer.alloc(text.length + 10);
    assert.equal(encodeBase64(bytes, 0, length, target, 5), 5 + text.length);
    assert.equal(target.toString("latin1", 5, 5 + text.length), text);
    assert.equal(decoded(text), bytes.toString("latin1"));
    assert.equal(decoded(text.replace(/=+$/, "")), bytes.toString("latin1"));
    assert.equal(decoded(bytes.toString("base64url")), bytes.toString("latin1"));
  }
});

Deno.test("decodeBase64() refuses what Go refuses", () => {
  for (const text of ["A", "=", "A===", "AA=", "AAA*", "AA==AA==", "+_==", "A A=", "AAAAA"]) {
    assert.equal(decoded(text), undefined, text);
  }
});

Deno.test("decodeBase64() lets line ends through, as Go does", () => {
  assert.equal(decoded("Zm9v\nYmFy\r\n"), "foobar");
});

Deno.test("decodeLongBase64() reads what is plain and leaves the rest to others", () => {
  const prng = new Prng(8);
  for (let length = 0; length < 200; length++) {
    const bytes = Buffer.from(prng.bytes(10_000 + length));
    const source = Buffer.from(`"${bytes.toString("base64")}"`);
    const [ours, theirs] = [new Writer(), new Writer()];
    assert.equal(decodeLongBase64(source, 1, source.length - 1, ours), true);
    assert.equal(decodeBase64(source, 1, source.length - 1, theirs), true);
    assert.deepEqual(ours.finish(), theirs.finish());
  }
  for (const text of ["AA=A", "A===", "AAA", "====", "AA\n=", "-_-_", "AAA*", "=AAA", "AA==AAAA"]) {
    const writer = new Writer();
    assert.equal(decodeLongBase64(Buffer.from(text), 0, text.length, writer), false, text);
    assert.equal(writer.position, 0);
  }
});
