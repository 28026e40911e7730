import { Blowfish } from "./blowfish.ts";
import { BCRYPT_LIMITS } from "./limits.ts";

/** How many random bytes go into a hash. */
export const SALT_BYTES = 16;

/** What is enciphered at last: OrpheanBeholderScryDoubt. */
const TEXT: readonly number[] = [
  0x4f727068,
  0x65616e42,
  0x65686f6c,
  0x64657253,
  0x63727944,
  0x6f756274,
];
const TEXT_ROUNDS = 64;
/** The last byte of what comes out has no place in the hash. */
const DIGEST_BYTES = 23;

const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HASH_FORM = /^\$2([a-z]?)\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;

/** What one has to know to hash a password. */
export interface BcryptParameters {
  readonly salt: Uint8Array;
  /** The number of rounds is two to the power of it. */
  readonly cost: number;
  /** The letter behind the 2, if any; what it stands for are errors that others made long ago. */
  readonly variant: string;
}

/** The parameters that a hash was made with; undefined if the text is not a hash. */
export function parametersOf(hash: string): BcryptParameters | undefined {
  const match = HASH_FORM.exec(hash);
  if (match === null) return undefined;
  const [, variant, costDigits, salt] = match;
  const cost = Number(costDigits);
  if (cost < BCRYPT_LIMITS.minCost || cost > BCRYPT_LIMITS.maxCost) return undefined;
  return { salt: decode64(salt, SALT_BYTES), cost, variant };
}

/**
 * One password on its way to its bcrypt hash. It takes long, on purpose; `step` does a part, so that
 * the event loop may serve others between two. The libraries for it work for 100 ms at a time.
 */
export class BcryptWork {
  readonly #parameters: BcryptParameters;
  readonly #cipher = new Blowfish();
  readonly #key: Int32Array;
  readonly #salt: Int32Array;
  #roundsLeft: number;

  /** Bytes of the password behind the 72nd are passed over, as everywhere. */
  constructor(password: Uint8Array, parameters: BcryptParameters) {
    this.#parameters = parameters;
    this.#key = keyWords(password);
    this.#salt = saltWords(parameters.salt);
    this.#roundsLeft = 2 ** parameters.cost;
    this.#cipher.expandKey(this.#key, this.#salt);
  }

  /** Does some rounds of the work, each about 0.06 ms; returns whether there are more. */
  step(rounds: number): boolean {
    const end = Math.max(0, this.#roundsLeft - rounds);
    for (; this.#roundsLeft > end; this.#roundsLeft--) {
      this.#cipher.expandKey(this.#key, undefined);
      this.#cipher.expandKey(this.#salt, undefined);
    }
    return this.#roundsLeft > 0;
  }

  /** The hash as text, once there is nothing more to do. */
  hash(): string {
    const { variant, cost, salt } = this.#parameters;
    const costDigits = String(cost).padStart(2, "0");
    return `$2${variant}$${costDigits}$${encode64(salt)}${encode64(this.#digest())}`;
  }

  #digest(): Uint8Array {
    const words = Int32Array.from(TEXT);
    for (let round = 0; round < TEXT_ROUNDS; round++) {
      for (let i = 0; i < words.length; i += 2) this.#cipher.encipher(words, i);
    }
    const bytes = new Uint8Array(4 * words.length);
    const view = new DataView(bytes.buffer);
    words.forEach((word, i) => view.setInt32(4 * i, word));
    return bytes.subarray(0, DIGEST_BYTES);
  }
}

/** Whether two hashes are the same; takes as long wherever they differ. */
export function hashesEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  return difference === 0;
}

/** The password and a zero, over and over, as 18 words. */
function keyWords(password: Uint8Array): Int32Array {
  const bytes = new Uint8Array(Math.min(password.length + 1, BCRYPT_LIMITS.passwordBytes));
  bytes.set(password.subarray(0, bytes.length));
  const words = new Int32Array(BCRYPT_LIMITS.passwordBytes / 4);
  for (let i = 0; i < BCRYPT_LIMITS.passwordBytes; i++) {
    words[i >> 2] = (words[i >> 2] << 8) | bytes[i % bytes.length];
  }
  return words;
}

function saltWords(salt: Uint8Array): Int32Array {
  const view = new DataView(salt.buffer, salt.byteOffset, SALT_BYTES);
  return Int32Array.from({ length: SALT_BYTES / 4 }, (_, i) => view.getInt32(4 * i));
}

/** Base64 with an alphabet and without a padding, as bcrypt has it. */
function encode64(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += ALPHABET[(bits >> bitCount) & 0x3f];
    }
    bits &= (1 << bitCount) - 1;
  }
  return bitCount === 0 ? text : text + ALPHABET[(bits << (6 - bitCount)) & 0x3f];
}

function decode64(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let bits = 0;
  let bitCount = 0;
  let count = 0;
  for (const character of text) {
    bits = (bits << 6) | ALPHABET.indexOf(character);
    bitCount += 6;
    if (bitCount < 8 || count === length) continue;
    bitCount -= 8;
    bytes[count++] = bits >> bitCount;
    bits &= (1 << bitCount) - 1;
  }
  return bytes;
}
