import assert from "node:assert/strict";
import { bytesFromText } from "../bytes.ts";
import { BcryptWork } from "./bcrypt.ts";
import { hashesEqual, parametersOf } from "./hash_form.ts";
import { PI_DIGITS } from "./pi_digits.ts";

/** Made by the libcrypt of Debian. */
const HASHES: readonly (readonly [string, string])[] = [
  ["", "$2a$05$WvvTPHKwdBJ3uk0Z37EMR.sh5bL4lOtdZdy3j3MypbeHVU1OhJ7Fa"],
  ["", "$2b$06$abcdefghijklmnopqrstuuDqVCX9YSxXQXEJE1On1Ptib/W28qLxG"],
  ["a", "$2a$05$WvvTPHKwdBJ3uk0Z37EMR.JfGifEa2YETjnKlRU9.vq1xKFyIaWF."],
  ["abc", "$2b$06$abcdefghijklmnopqrstuu2cWZ3evg9SCkuaENb4maXfjYJc9cCB2"],
  ["abc", "$2y$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi"],
  ["pässwörd", "$2a$05$WvvTPHKwdBJ3uk0Z37EMR.sZr4ry/D4KwNzPGekJSQ00mPkU0/Xb6"],
  ["x".repeat(80), "$2a$05$WvvTPHKwdBJ3uk0Z37EMR.2O0wbUOgI1Wz/I0qLKX2Xi0ZtVqTCcG"],
];

function hash(password: string, like: string, roundsPerStep = Infinity): string {
  const parameters = parametersOf(like);
  assert.ok(parameters !== undefined);
  const work = new BcryptWork(bytesFromText(password), parameters);
  while (work.step(roundsPerStep));
  return work.hash();
}

/** Pi times 2^bits, by the series of the Chudnovsky brothers, which gets 47 bits right a term. */
function scaledPi(bits: bigint): bigint {
  const one = 1n << bits;
  let [term, sum, weightedSum] = [one, one, 0n];
  for (let index = 1; index <= Number(bits) / 47 + 1; index++) {
    const k = BigInt(index);
    term *= -(6n * k - 5n) * (2n * k - 1n) * (6n * k - 1n);
    term /= k * k * k * 10939058860032000n;
    sum += term;
    weightedSum += k * term;
  }
  const divisor = 13591409n * sum + 545140134n * weightedSum;
  return (426880n * squareRoot(10005n << (2n * bits)) * one) / divisor;
}

/** The whole part of a square root, by Newton's method. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(value.toString(16).length * 2 + 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

Deno.test("PI_DIGITS are those of pi", () => {
  assert.equal(PI_DIGITS.length, 1042 * 8);
  const guardDigits = 16;
  const digits = scaledPi(BigInt((PI_DIGITS.length + guardDigits) * 4)).toString(16);
  assert.equal(digits.slice(0, -guardDigits), `3${PI_DIGITS}`);
});

Deno.test("BcryptWork makes the hashes that others make", () => {
  for (const [password, expected] of HASHES) assert.equal(hash(password, expected), expected);
});

Deno.test("BcryptWork comes to the same in steps of any size", () => {
  const [password, expected] = HASHES[2];
  for (const rounds of [1, 7, 32, 33]) assert.equal(hash(password, expected, rounds), expected);
});

Deno.test("BcryptWork passes over what lies behind 72 bytes, and no byte before", () => {
  const like = HASHES[0][1];
  assert.equal(hash("x".repeat(72), like), hash("x".repeat(72) + "y", like));
  assert.notEqual(hash("x".repeat(71) + "y", like), hash("x".repeat(72), like));
});

Deno.test("parametersOf() refuses what is not a hash", () => {
  const good = HASHES[0][1];
  assert.equal(parametersOf(good)?.cost, 5);
  const broken = ["", "x", good.slice(1), `${good}a`, good.slice(0, -1), good.replace("05", "03")];
  for (const text of [...broken, good.replace("05", "32"), good.replace("2a", "1a")]) {
    assert.equal(parametersOf(text), undefined, text);
  }
});

Deno.test("hashesEqual() is true for equal texts only", () => {
  assert.ok(hashesEqual("", "") && hashesEqual("abc", "abc"));
  for (const [a, b] of [["abc", "abd"], ["abc", "ab"], ["", "a"], ["aa", "a"], ["a", ""]]) {
    assert.ok(!hashesEqual(a, b), `${a} and ${b}`);
  }
});
