import type { KeyValueRef } from "./change.ts";

/** Tags of mvccpb.KeyValue: (field number << 3) | wire type. */
const KEY_TAG = 0x0a;
const CREATE_REVISION_TAG = 0x10;
const MOD_REVISION_TAG = 0x18;
const VERSION_TAG = 0x20;
const VALUE_TAG = 0x2a;
const LEASE_TAG = 0x30;

/** Splits a lease ID into halves; all machines that Deno runs on are little-endian. */
const halves = new Uint32Array(2);
const whole = new BigInt64Array(halves.buffer);

/** How many bytes `writeKeyValue()` writes. */
export function keyValueSize(
  keyLength: number,
  createRevision: number,
  modRevision: number,
  version: number,
  valueLength: number,
  lease: bigint,
): number {
  let size = keyFieldSize(keyLength);
  size += 3 + varintSize(createRevision) + varintSize(modRevision) + varintSize(version);
  if (valueLength !== 0) size += 1 + varintSize(valueLength) + valueLength;
  if (lease !== 0n) size += 1 + leaseSize(lease);
  return size;
}

/**
 * Writes the canonical encoding of a pair: fields ascending, nothing that is zero or empty. The
 * bytes are stored and hashed, so they are the same on every member.
 */
export function writeKeyValue(
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  keyStart: number,
  keyLength: number,
  createRevision: number,
  modRevision: number,
  version: number,
  value: Uint8Array,
  lease: bigint,
): number {
  let at = writeKeyField(target, offset, key, keyStart, keyLength);
  target[at++] = CREATE_REVISION_TAG;
  at = writeVarint(target, at, createRevision);
  target[at++] = MOD_REVISION_TAG;
  at = writeVarint(target, at, modRevision);
  target[at++] = VERSION_TAG;
  at = writeVarint(target, at, version);
  if (value.length !== 0) {
    target[at++] = VALUE_TAG;
    at = writeVarint(target, at, value.length);
    target.set(value, at);
    at += value.length;
  }
  return lease === 0n ? at : writeLease(target, at, lease);
}

/** How many bytes `writeTombstone()` writes. */
export function tombstoneSize(keyLength: number, modRevision: number): number {
  return keyFieldSize(keyLength) + 1 + varintSize(modRevision);
}

/** Writes what an event tells of a deleted key: the key and the revision. */
export function writeTombstone(
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  keyStart: number,
  keyLength: number,
  modRevision: number,
): number {
  const at = writeKeyField(target, offset, key, keyStart, keyLength);
  target[at] = MOD_REVISION_TAG;
  return writeVarint(target, at + 1, modRevision);
}

/** How many bytes the key takes with its tag and length. */
export function keyFieldSize(keyLength: number): number {
  return 1 + varintSize(keyLength) + keyLength;
}

/** Reads the fields of canonically encoded pairs, one pair at a time. */
export class KeyValueFields {
  createRevision = 0;
  modRevision = 0;
  version = 0;
  /** Where the value lies; empty if both are the same. */
  valueStart = 0;
  valueEnd = 0;
  /** Where the value's field begins, with its tag. */
  valueFieldStart = 0;
  #at = 0;

  read(pair: KeyValueRef): void {
    const { bytes, end } = pair;
    this.#at = pair.start + 1;
    const keyLength = this.#varint(bytes);
    this.#at += keyLength;
    this.createRevision = this.#numberField(bytes, end, CREATE_REVISION_TAG);
    this.modRevision = this.#numberField(bytes, end, MOD_REVISION_TAG);
    this.version = this.#numberField(bytes, end, VERSION_TAG);
    this.valueFieldStart = this.#at;
    const valueLength = this.#numberField(bytes, end, VALUE_TAG);
    this.valueStart = this.#at;
    this.valueEnd = this.#at + valueLength;
  }

  #numberField(bytes: Uint8Array, end: number, tag: number): number {
    if (this.#at >= end || bytes[this.#at] !== tag) return 0;
    this.#at++;
    return this.#varint(bytes);
  }

  #varint(bytes: Uint8Array): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[this.#at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
  }
}

/** Writes the key with its tag and length, which is all that is stored of a deleted one. */
export function writeKeyField(
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  keyStart: number,
  keyLength: number,
): number {
  target[offset] = KEY_TAG;
  const at = writeVarint(target, offset + 1, keyLength);
  for (let i = 0; i < keyLength; i++) target[at + i] = key[keyStart + i];
  return at + keyLength;
}

function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  let small = rest | 0;
  while (small > 0x7f) {
    target[at++] = (small & 0x7f) | 0x80;
    small >>>= 7;
  }
  target[at++] = small;
  return at;
}

function varintSize(value: number): number {
  let size = 1;
  for (let limit = 0x80; value >= limit; limit *= 0x80) size++;
  return size;
}

function writeLease(target: Uint8Array, offset: number, lease: bigint): number {
  whole[0] = lease;
  let low = halves[0];
  let high = halves[1];
  let at = offset;
  target[at++] = LEASE_TAG;
  while (high !== 0 || low > 0x7f) {
    target[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  target[at++] = low;
  return at;
}

function leaseSize(lease: bigint): number {
  whole[0] = lease;
  const high = halves[1];
  const bits = high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(halves[0]);
  return Math.ceil(bits / 7);
}
