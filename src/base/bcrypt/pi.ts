/** Bits beyond those asked for, so that what is cut off on the way does not reach them. */
const GUARD_BITS = 64n;
/** How many bits every term of the series below makes right. */
const BITS_PER_TERM = 47;

/**
 * The first `count` words of 32 bits of the fraction of pi, by the series of the Chudnovsky
 * brothers. Takes some milliseconds for a thousand.
 */
export function wordsOfPi(count: number): Int32Array {
  const bits = BigInt(count * 32);
  const fraction = scaledPi(bits + GUARD_BITS) >> GUARD_BITS;
  const words = new Int32Array(count);
  // As text, because every shift of the whole number would copy it.
  const digits = fraction.toString(16).padStart(count * 8, "0").slice(-count * 8);
  for (let i = 0; i < count; i++) words[i] = Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16);
  return words;
}

/** Pi times 2^bits. */
function scaledPi(bits: bigint): bigint {
  const one = 1n << bits;
  let term = one;
  let sum = one;
  let weightedSum = 0n;
  const termCount = Number(bits) / BITS_PER_TERM + 1;
  for (let index = 1; index <= termCount; index++) {
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
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
