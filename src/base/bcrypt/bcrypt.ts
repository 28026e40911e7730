import { Blowfish } from "./blowfish.ts";
import { type BcryptParameters, formatHash, SALT_BYTES } from "./hash_form.ts";
import { BCRYPT_LIMITS } from "./limits.ts";

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
    return formatHash(this.#parameters, this.#digest());
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
