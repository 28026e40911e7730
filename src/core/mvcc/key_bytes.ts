/** Where the array starts; keys are usually far shorter, and a longer one makes it grow. */
const INITIAL_BYTES = 1024;

/** Odd numbers without structure, by which the words of a key are spread over the hash. */
const WORD_FACTOR = 0x9e3779b1;
const LAST_FACTOR = 0x85ebca6b;

/**
 * The bytes of one key, together with their hash. A key is used several times while a request is
 * served (hash, comparison, encoding), and taking a string apart costs more than all of them.
 */
export class KeyBytes {
  bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  /** The same memory; the last word of the key is filled up with zero bytes. */
  words: Int32Array = new Int32Array(this.bytes.buffer);
  length = 0;
  hash = 0;
  /** The key as it was loaded; undefined if that was as bytes. */
  #key: string | undefined = "";

  constructor() {
    this.#fill("");
  }

  /** Makes this the bytes of `key`; costs nothing if it is the key loaded last. */
  load(key: string): void {
    if (key !== this.#key) this.#fill(key);
  }

  /** Makes this the key that lies in `source` at `start`. */
  loadBytes(source: Uint8Array, start: number, length: number): void {
    this.#reserve(length);
    const { bytes } = this;
    for (let i = 0; i < length; i++) bytes[i] = source[start + i];
    this.#key = undefined;
    this.hash = hashWords(this.words, (length + 3) >>> 2, length);
  }

  #fill(key: string): void {
    const length = key.length;
    this.#reserve(length);
    const { bytes } = this;
    for (let i = 0; i < length; i++) bytes[i] = key.charCodeAt(i);
    this.#key = key;
    this.hash = hashWords(this.words, (length + 3) >>> 2, length);
  }

  /** Makes room for a key and clears what its last word has more than it. */
  #reserve(length: number): void {
    if (length > this.bytes.length) this.#grow(length);
    if (length > 0) this.words[(length - 1) >>> 2] = 0;
    this.length = length;
  }

  #grow(length: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(length));
    this.bytes = new Uint8Array(capacity);
    this.words = new Int32Array(this.bytes.buffer);
  }
}

function hashWords(words: Int32Array, count: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ words[i], WORD_FACTOR);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, LAST_FACTOR);
  return hash ^ (hash >>> 16);
}
