import assert from "node:assert/strict";
import { concatBytes } from "../base/bytes.ts";
import { Prng } from "../base/prng.ts";
import { DecodeError } from "./decode_error.ts";
import {
  allTypes,
  type AnyMessage,
  randomMessage,
  type TypeUnderTest,
} from "./testing/message_fixtures.ts";

const SEED = 4_711;
const INPUTS_PER_TYPE = 250;
const LENGTH_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff];

Deno.test("decode() of damaged bytes throws DecodeError or gives a message that is stable", () => {
  const prng = new Prng(SEED);
  let inputs = 0;
  let accepted = 0;
  for (const type of allTypes()) {
    for (let i = 0; i < INPUTS_PER_TYPE; i++, inputs++) {
      const bytes = damagedMessage(type, prng);
      const why = `${type.name}, input ${i}, seed ${SEED}: ${bytes}`;
      const message = decodeOrRefuse(type, bytes, why);
      if (message === undefined) continue;
      accepted++;
      assert.deepEqual(type.codec.decode(type.codec.encode(message)), message, why);
      assert.ok(theyAccept(type, bytes), `protobufjs refuses what we accept: ${why}`);
    }
  }
  assert.ok(inputs >= 20_000, `only ${inputs} inputs`);
  assert.ok(accepted > inputs / 20 && accepted < inputs * 0.9, `${accepted} of ${inputs} accepted`);
});

function decodeOrRefuse(
  type: TypeUnderTest,
  bytes: Uint8Array,
  why: string,
): AnyMessage | undefined {
  try {
    return type.codec.decode(bytes);
  } catch (error) {
    assert.ok(error instanceof DecodeError, `${error}; ${why}`);
    return undefined;
  }
}

/** protobufjs alone insists on required fields; etcd 3.7 leaves them out, so we do not. */
function theyAccept(type: TypeUnderTest, bytes: Uint8Array): boolean {
  try {
    type.reflection.decode(bytes);
    return true;
  } catch (error) {
    return error instanceof Error && error.message.startsWith("missing required");
  }
}

function damagedMessage(type: TypeUnderTest, prng: Prng): Uint8Array {
  if (prng.chance(0.05)) return prng.bytes(prng.between(0, 40));
  let bytes: Uint8Array = type.codec.encode(randomMessage(type.reflection, prng).ours).slice(
    0,
    2000,
  );
  for (let count = prng.between(1, 3); count > 0; count--) bytes = damage(bytes, prng);
  return bytes;
}

function damage(bytes: Uint8Array, prng: Prng): Uint8Array {
  const at = prng.between(0, bytes.length);
  const head = bytes.slice(0, at);
  const tail = bytes.slice(at);
  switch (prng.between(0, 5)) {
    case 0:
      return head;
    case 1:
      return concatBytes([head, prng.bytes(1), tail.slice(1)]);
    case 2:
      return concatBytes([head, Uint8Array.of(prng.pick(LENGTH_BYTES)), tail.slice(1)]);
    case 3:
      return concatBytes([head, prng.bytes(prng.between(1, 12)), tail]);
    case 4:
      return concatBytes([head, tail.slice(prng.between(1, 12))]);
    default:
      return concatBytes([head, bytes]);
  }
}
