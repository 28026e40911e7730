import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { HTTP1_BODY_LIMITS } from "../limits.ts";
import { BodyReader } from "./body_reader.ts";
import { BadRequest, type BodyFraming } from "./request_head.ts";

const SEED = 99;

/** Reads a text in pieces: the body, and what is behind it; undefined while the end is missing. */
function read(
  framing: BodyFraming,
  text: string,
  cut: () => number,
): { readonly body: string; readonly rest: string | undefined } {
  const bytes = Buffer.from(text, "latin1");
  let body = "";
  const reader = new BodyReader(framing, (part, start, end) => {
    body += Buffer.from(part.subarray(start, end)).toString("latin1");
  });
  let position = 0;
  while (position < bytes.length && !reader.isDone) {
    const end = Math.min(bytes.length, position + cut());
    position = reader.read(bytes, position, end);
  }
  return { body, rest: reader.isDone ? bytes.toString("latin1", position) : undefined };
}

Deno.test("BodyReader gives back any body, however it is chunked and cut", () => {
  const prng = new Prng(SEED);
  for (let i = 0; i < 2_000; i++) {
    const whole = Buffer.from(prng.bytes(prng.between(0, 300))).toString("latin1");
    let chunked = "";
    for (let at = 0; at < whole.length;) {
      const size = prng.between(1, 100);
      const chunk = whole.slice(at, at + size);
      const extension = prng.pick(["", ";a=b", " ;x"]);
      const zeros = "0".repeat(prng.between(0, 3));
      chunked += `${zeros}${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
      at += size;
    }
    chunked += prng.pick(["0\r\n\r\n", "000\r\nTrailer: x\r\nOther:\r\n\r\n"]);
    const cut = () => prng.between(1, 40);
    assert.deepEqual(read("chunked", chunked + "NEXT", cut), { body: whole, rest: "NEXT" });
    assert.deepEqual(read(whole.length, whole + "NEXT", cut), { body: whole, rest: "NEXT" });
    assert.equal(read("chunked", chunked.slice(0, -1), cut).rest, undefined, `seed ${SEED}`);
  }
});

Deno.test("BodyReader refuses chunks that could be read in two ways", () => {
  const bad = [
    "\r\n",
    "x\r\n",
    "-1\r\n",
    "+1\r\na\r\n",
    "0x1\r\na\r\n",
    "1\na\r\n",
    "1\r\nab\r\n",
    "1\r\na\n0\r\n\r\n",
    "1\r\na0\r\n\r\n",
    "fffffffffffff\r\n",
    " 1\r\na\r\n",
    "1\r\ra\r\n",
    "1\x00\r\na\r\n",
    "0\r\n\n",
    "0\r\nno field\r\n\r\n",
    "0\r\nX : y\r\n\r\n",
    "0\r\nX: y\r\n folded\r\n\r\n",
    `1;${"x".repeat(HTTP1_BODY_LIMITS.maxLineBytes)}\r\na`,
    `0\r\n${"Trailer: xxxxxxxx\r\n".repeat(HTTP1_BODY_LIMITS.maxTrailerBytes / 10)}\r\n`,
  ];
  for (const text of bad) {
    assert.throws(() => read("chunked", text, () => 7), BadRequest, text.slice(0, 20));
  }
});
