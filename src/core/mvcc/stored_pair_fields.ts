import { EMPTY_BYTES } from "../../base/bytes.ts";

/** Tags of mvccpb.KeyValue: (field number << 3) | wire type. */
const KEY_TAG = 0x0a;
const CREATE_REVISION_TAG = 0x10;
const MOD_REVISION_TAG = 0x18;
const VERSION_TAG = 0x20;
const VALUE_TAG = 0x2a;
const LEASE_TAG = 0x30;

const MAX_VARINT_BYTES = 10;
const TWO_TO_64 = 1n << 64n;

/**
 * Reads the fields of a pair that came from a file, one pair at a time. Unlike `KeyValueFields`
 * it trusts nothing. Fields out of order are refused: pairs are used as they are, and everything
 * else here relies on the canonical order.
 */
export class StoredPairFields {
  keyStart = 0;
  keyEnd = 0;
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0n;
  #bytes: Uint8Array = EMPTY_BYTES;
  #at = 0;
  #end = 0;
  #isBroken = false;

  /** Whether bytes[start, end) are a pair with a key; only then the fields tell of it. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.#begin(bytes, start, end);
    this.#readKey();
    this.createRevision = this.#numberField(CREATE_REVISION_TAG);
    this.modRevision = this.#numberField(MOD_REVISION_TAG);
    this.version = this.#numberField(VERSION_TAG);
    this.#skipValue();
    this.lease = this.#leaseField();
    return !this.#isBroken && this.#at === this.#end && this.keyEnd > this.keyStart;
  }

  /** Whether they are a pair that was put at the revision `main`. */
  readPut(bytes: Uint8Array, start: number, end: number, main: number): boolean {
    return this.read(bytes, start, end) && this.createRevision > 0 && this.version > 0 &&
      this.modRevision === main;
  }

  /** Whether bytes[start, end) are what is stored of a deleted key: the key alone. */
  readKey(bytes: Uint8Array, start: number, end: number): boolean {
    this.#begin(bytes, start, end);
    this.#readKey();
    return !this.#isBroken && this.#at === this.#end && this.keyEnd > this.keyStart;
  }

  #begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#isBroken = false;
  }

  #readKey(): void {
    const length = this.#numberField(KEY_TAG);
    this.keyStart = this.#at;
    this.keyEnd = this.#at + length;
    this.#at = this.keyEnd;
  }

  /** An empty value has no field: one that says so is damaged. */
  #skipValue(): void {
    const isThere = this.#at < this.#end && this.#bytes[this.#at] === VALUE_TAG;
    const length = this.#numberField(VALUE_TAG);
    if (isThere && length === 0) this.#isBroken = true;
    this.#at += length;
  }

  /** 0 if the next field is another one. */
  #numberField(tag: number): number {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== tag) return 0;
    this.#at++;
    return this.#varint();
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    while (this.#at < this.#end && value <= Number.MAX_SAFE_INTEGER) {
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80 && value <= Number.MAX_SAFE_INTEGER) return value;
      if (byte < 0x80) break;
      factor *= 0x80;
    }
    this.#isBroken = true;
    return 0;
  }

  /** The one number that may be negative or beyond what a float holds. */
  #leaseField(): bigint {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== LEASE_TAG) return 0n;
    this.#at++;
    let lease = 0n;
    for (let i = 0; i < MAX_VARINT_BYTES && this.#at < this.#end; i++) {
      const byte = this.#bytes[this.#at++];
      lease |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      if (lease >= TWO_TO_64) break;
      return BigInt.asIntN(64, lease);
    }
    this.#isBroken = true;
    return 0n;
  }
}
