import { PI_DIGITS } from "./pi_digits.ts";

const ROUNDS = 16;
/** One subkey for every round, and two for the end. */
const SUBKEYS = ROUNDS + 2;
const BOX_SIZE = 256;
const BOXES_SIZE = 4 * BOX_SIZE;

/** The state that every key starts from; the digits of pi are nobody's choice. */
let initial: Int32Array | undefined;

/** The cipher Blowfish, as far as bcrypt has a use for it. */
export class Blowfish {
  readonly #subkeys: Int32Array;
  readonly #boxes: Int32Array;

  constructor() {
    initial ??= wordsOf(PI_DIGITS);
    this.#subkeys = initial.slice(0, SUBKEYS);
    this.#boxes = initial.slice(SUBKEYS);
  }

  /**
   * Mixes a key into the state, as words of 32 bits that are repeated as often as it takes. `salt`
   * does the same to what is enciphered for it.
   */
  expandKey(key: Int32Array, salt: Int32Array | undefined): void {
    const subkeys = this.#subkeys;
    for (let i = 0; i < SUBKEYS; i++) subkeys[i] ^= key[i % key.length];
    const block = new Int32Array(2);
    this.#refill(subkeys, block, salt, 0);
    // What the subkeys took of the salt is not taken again.
    this.#refill(this.#boxes, block, salt, SUBKEYS);
  }

  /** Enciphers the two words in block[offset, offset + 2). */
  encipher(block: Int32Array, offset: number): void {
    const [subkeys, boxes] = [this.#subkeys, this.#boxes];
    let left = block[offset];
    let right = block[offset + 1];
    for (let round = 0; round < ROUNDS; round += 2) {
      left ^= subkeys[round];
      right ^= substitute(boxes, left) ^ subkeys[round + 1];
      left ^= substitute(boxes, right);
    }
    block[offset] = right ^ subkeys[SUBKEYS - 1];
    block[offset + 1] = left ^ subkeys[SUBKEYS - 2];
  }

  /** Replaces all words of a part of the state by enciphering the same block over and over. */
  #refill(
    part: Int32Array,
    block: Int32Array,
    salt: Int32Array | undefined,
    saltOffset: number,
  ): void {
    for (let i = 0; i < part.length; i += 2) {
      if (salt !== undefined) {
        block[0] ^= salt[(saltOffset + i) % salt.length];
        block[1] ^= salt[(saltOffset + i + 1) % salt.length];
      }
      this.encipher(block, 0);
      part[i] = block[0];
      part[i + 1] = block[1];
    }
  }
}

function wordsOf(digits: string): Int32Array {
  const digitsPerWord = 8;
  return Int32Array.from({ length: SUBKEYS + BOXES_SIZE }, (_, i) => {
    return Number.parseInt(digits.slice(i * digitsPerWord, (i + 1) * digitsPerWord), 16);
  });
}

function substitute(boxes: Int32Array, word: number): number {
  const sum = boxes[word >>> 24] + boxes[BOX_SIZE + ((word >>> 16) & 0xff)];
  const mixed = sum ^ boxes[2 * BOX_SIZE + ((word >>> 8) & 0xff)];
  return (mixed + boxes[3 * BOX_SIZE + (word & 0xff)]) | 0;
}
