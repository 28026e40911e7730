/** Tags of mvccpb.KeyValue: (field number << 3) | wire type. */
const KEY_TAG = 0x0a;
const CREATE_REVISION_TAG = 0x10;
const MOD_REVISION_TAG = 0x18;
const VERSION_TAG = 0x20;
const VALUE_TAG = 0x2a;
const LEASE_TAG = 0x30;

/** A number that goes on behind this factor is larger than any that etcd writes. */
const MAX_VARINT_FACTOR = 2 ** 56;

/**
 * Reads what the file stores of a change. Everybody behind trusts the lengths within, and nothing
 * else in the file would tell that they were damaged. One object serves for all changes.
 */
export class StoredKeyValue {
  /** The key is bytes[keyStart, keyEnd). */
  keyStart = 0;
  keyEnd = 0;
  /** How often the key was put since it was made; of puts only. */
  version = 0;
  #at = 0;

  /** Whether bytes[start, end) are the canonical encoding of a pair put at the revision `main`. */
  readPut(bytes: Uint8Array, start: number, end: number, main: number): boolean {
    if (!this.#readKey(bytes, start, end)) return false;
    if (this.#number(bytes, end, CREATE_REVISION_TAG) <= 0) return false;
    if (this.#number(bytes, end, MOD_REVISION_TAG) !== main) return false;
    this.version = this.#number(bytes, end, VERSION_TAG);
    if (this.version <= 0) return false;
    if (this.#isNext(bytes, end, VALUE_TAG) && this.#bytesField(bytes, end, VALUE_TAG) <= 0) {
      return false;
    }
    return this.#at === end || this.#skipLease(bytes, end);
  }

  /** Whether bytes[start, end) are what a tombstone has: the key and nothing else. */
  readTombstone(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#readKey(bytes, start, end) && this.#at === end;
  }

  #readKey(bytes: Uint8Array, start: number, end: number): boolean {
    this.#at = start;
    const length = this.#bytesField(bytes, end, KEY_TAG);
    this.keyEnd = this.#at;
    this.keyStart = this.#at - length;
    return length > 0;
  }

  #isNext(bytes: Uint8Array, end: number, tag: number): boolean {
    return this.#at < end && bytes[this.#at] === tag;
  }

  /** Skips a field with bytes and returns their number; -1 if it does not come next or is cut off. */
  #bytesField(bytes: Uint8Array, end: number, tag: number): number {
    const length = this.#number(bytes, end, tag);
    if (length > end - this.#at) return -1;
    this.#at += Math.max(0, length);
    return length;
  }

  /** A lease may have all 64 bits, and is the last field. */
  #skipLease(bytes: Uint8Array, end: number): boolean {
    if (bytes[this.#at++] !== LEASE_TAG) return false;
    while (this.#at < end - 1 && bytes[this.#at] >= 0x80) this.#at++;
    return this.#at === end - 1 && bytes[this.#at] < 0x80;
  }

  /** The number of the next field; -1 if another one comes next or it does not end. */
  #number(bytes: Uint8Array, end: number, tag: number): number {
    if (!this.#isNext(bytes, end, tag)) return -1;
    this.#at++;
    let value = 0;
    for (let factor = 1; this.#at < end && factor <= MAX_VARINT_FACTOR; factor *= 0x80) {
      const byte = bytes[this.#at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return -1;
  }
}
