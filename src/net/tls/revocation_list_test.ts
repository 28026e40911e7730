import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DerError } from "./der_reader.ts";
import { normalSerial, revokedSerials } from "./revocation_list.ts";

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const long = [0x83, length >> 16, length >> 8 & 0xff, length & 0xff];
  const head = length < 0x80 ? [tag, length] : [tag, ...long];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: Uint8Array[]) => element(0x30, ...parts);
const integer = (hex: string) => element(0x02, Buffer.from(hex, "hex"));
const time = () => element(0x17, Buffer.from("260101000000Z"));

/** A list as openssl makes it, but for the signature, which nobody looks at. */
function listOf(serials: readonly string[], parts: { version?: boolean; next?: boolean } = {}) {
  const { version = true, next = true } = parts;
  const entries = serials.map((serial) => sequence(integer(serial), time()));
  const list = sequence(
    ...(version ? [integer("01")] : []),
    sequence(element(0x06, Buffer.from([0x2a]))),
    sequence(),
    time(),
    ...(next ? [time()] : []),
    ...(serials.length > 0 ? [sequence(...entries)] : []),
    element(0xa0, sequence()),
  );
  return sequence(list, sequence(), element(0x03, Buffer.from([0])));
}

Deno.test("revokedSerials() reads a list with and without what may be left out", () => {
  for (const parts of [{}, { version: false }, { next: false }, { version: false, next: false }]) {
    const found = revokedSerials(
      listOf(["01", "00ab12", "7fffffffffffffffffffffffffffffff"], parts),
    );
    assert.deepEqual([...found], ["1", "AB12", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"]);
    assert.equal(revokedSerials(listOf([], parts)).size, 0);
  }
});

Deno.test("revokedSerials() reads PEM", () => {
  const base64 = listOf(["0a"]).toString("base64").replace(/(.{64})/g, "$1\n");
  const pem = `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`;
  assert.deepEqual([...revokedSerials(Buffer.from(pem))], ["A"]);
});

Deno.test("revokedSerials() reads many entries", () => {
  const serials = Array.from(
    { length: 3_000 },
    (_, i) => (0x100000 + i).toString(16).padStart(8, "0"),
  );
  assert.equal(revokedSerials(listOf(serials)).size, 3_000);
});

Deno.test("revokedSerials() throws for what is no list, wherever it is cut", () => {
  const list = listOf(["01", "02"]);
  for (let length = 0; length < list.length; length++) {
    assert.throws(() => revokedSerials(list.subarray(0, length)), DerError, `cut to ${length}`);
  }
  for (const text of ["", "no list", "-----BEGIN X509 CRL-----\n\n-----END X509 CRL-----"]) {
    assert.throws(() => revokedSerials(Buffer.from(text)), DerError);
  }
});

Deno.test("revokedSerials() ends with a list or a DerError whatever single byte is wrong", () => {
  const list = listOf(["01", "02"]);
  for (let i = 0; i < list.length; i++) {
    for (const byte of [0x00, 0x7f, 0x80, 0x84, 0xff]) {
      const broken = Buffer.from(list);
      broken[i] = byte;
      try {
        revokedSerials(broken);
      } catch (error) {
        assert(error instanceof DerError);
      }
    }
  }
});

Deno.test("normalSerial() gives equal numbers one spelling", () => {
  assert.equal(normalSerial("00ab"), "AB");
  assert.equal(normalSerial("0"), "0");
  assert.equal(normalSerial("000"), "0");
});
