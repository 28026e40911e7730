/**
 * The canonical bytes of a mvccpb.KeyValue: fields ascending, nothing that is zero or empty. A
 * pair is written once, when it is applied; everything later copies these bytes or looks into
 * them without making a message. The readers trust the bytes: what comes from outside goes
 * through the codec first.
 */
import { PB_LIMITS } from "./limits.ts";
import { varintSize } from "./writer.ts";

const KEY_TAG = 0x0a;
const CREATE_REVISION_TAG = 0x10;
const MOD_REVISION_TAG = 0x18;
const VERSION_TAG = 0x20;
const VALUE_TAG = 0x2a;
const LEASE_TAG = 0x30;

const WIRE_LENGTH = 2;
const TWO_TO_28 = 0x1000_0000;
const TWO_TO_32 = 0x1_0000_0000;
const NEGATIVE_VARINT_BYTES = 10;

/** Splits a bigint into halves; all machines that Deno runs on are little-endian. */
const halves = new Uint32Array(2);
const signedWhole = new BigInt64Array(halves.buffer);

/** How many bytes `writeKeyValue` writes for the same arguments. */
export function sizeOfKeyValue(
  key: string,
  createRevision: number,
  modRevision: number,
  version: number,
  value: Uint8Array,
  lease: bigint,
): number {
  return lengthFieldSize(key.length) + numberFieldSize(createRevision) +
    numberFieldSize(modRevision) + numberFieldSize(version) + lengthFieldSize(value.length) +
    leaseFieldSize(lease);
}

/**
 * Writes a pair at `offset` and returns the offset behind it; the caller has seen to the room. A
 * tombstone is a pair of key and zeros.
 */
export function writeKeyValue(
  target: Uint8Array,
  offset: number,
  key: string,
  createRevision: number,
  modRevision: number,
  version: number,
  value: Uint8Array,
  lease: bigint,
): number {
  if (key.length !== 0) {
    target[offset] = KEY_TAG;
    offset = writeNumber(target, offset + 1, key.length);
    for (let i = 0; i < key.length; i++) target[offset + i] = key.charCodeAt(i);
    offset += key.length;
  }
  offset = writeNumberField(target, offset, CREATE_REVISION_TAG, createRevision);
  offset = writeNumberField(target, offset, MOD_REVISION_TAG, modRevision);
  offset = writeNumberField(target, offset, VERSION_TAG, version);
  if (value.length !== 0) {
    target[offset] = VALUE_TAG;
    offset = writeNumber(target, offset + 1, value.length);
    target.set(value, offset);
    offset += value.length;
  }
  return lease === 0n ? offset : writeLease(target, offset, lease);
}

/** The offset of the value's first byte; `end` when the value is empty. */
export function valueStartOf(bytes: Uint8Array, start: number, end: number): number {
  const offset = findField(bytes, start, end, VALUE_TAG);
  return offset < 0 ? end : behindVarint(bytes, offset);
}

/** The offset behind the value's last byte; `end` when the value is empty. */
export function valueEndOf(bytes: Uint8Array, start: number, end: number): number {
  const offset = findField(bytes, start, end, VALUE_TAG);
  return offset < 0 ? end : behindVarint(bytes, offset) + readNumber(bytes, offset);
}

export function createRevisionOf(bytes: Uint8Array, start: number, end: number): number {
  return numberField(bytes, start, end, CREATE_REVISION_TAG);
}

export function modRevisionOf(bytes: Uint8Array, start: number, end: number): number {
  return numberField(bytes, start, end, MOD_REVISION_TAG);
}

export function versionOf(bytes: Uint8Array, start: number, end: number): number {
  return numberField(bytes, start, end, VERSION_TAG);
}

export function leaseOf(bytes: Uint8Array, start: number, end: number): bigint {
  const offset = findField(bytes, start, end, LEASE_TAG);
  return offset < 0 ? 0n : readLease(bytes, offset);
}

/** How many bytes `copyWithoutValue` copies. */
export function sizeWithoutValue(bytes: Uint8Array, start: number, end: number): number {
  const offset = findField(bytes, start, end, VALUE_TAG);
  if (offset < 0) return end - start;
  return end - start - (valueEndOf(bytes, offset - 1, end) - (offset - 1));
}

/** Copies a pair without its value, as `keys_only` asks; returns the offset behind the copy. */
export function copyWithoutValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  offset: number,
): number {
  const field = findField(bytes, start, end, VALUE_TAG);
  if (field < 0) return copy(bytes, start, end, target, offset);
  const tag = field - 1;
  offset = copy(bytes, start, tag, target, offset);
  return copy(bytes, valueEndOf(bytes, tag, end), end, target, offset);
}

function copy(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  offset: number,
): number {
  if (end - start > PB_LIMITS.shortCopyBytes) {
    target.set(bytes.subarray(start, end), offset);
    return offset + end - start;
  }
  for (let i = start; i < end; i++) target[offset++] = bytes[i];
  return offset;
}

/** The offset behind the tag, or -1. Fields ascend, so the walk ends at the first higher tag. */
function findField(bytes: Uint8Array, start: number, end: number, wanted: number): number {
  let offset = start;
  while (offset < end) {
    const tag = bytes[offset++];
    if (tag >= wanted) return tag === wanted ? offset : -1;
    const behind = behindVarint(bytes, offset);
    offset = (tag & 7) === WIRE_LENGTH ? behind + readNumber(bytes, offset) : behind;
  }
  return -1;
}

function numberField(bytes: Uint8Array, start: number, end: number, tag: number): number {
  const offset = findField(bytes, start, end, tag);
  return offset < 0 ? 0 : readNumber(bytes, offset);
}

function behindVarint(bytes: Uint8Array, offset: number): number {
  while (bytes[offset] > 0x7f) offset++;
  return offset + 1;
}

/** A varint that is not negative and below 2^53, as lengths, revisions and versions are. */
function readNumber(bytes: Uint8Array, offset: number): number {
  let byte = bytes[offset];
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let scale = 0x80; byte > 0x7f; scale *= 0x80) {
    byte = bytes[++offset];
    value += (byte & 0x7f) * scale;
  }
  return value;
}

function readLease(bytes: Uint8Array, offset: number): bigint {
  let low = 0;
  let high = 0;
  let shift = 0;
  let byte: number;
  do {
    byte = bytes[offset++];
    const group = byte & 0x7f;
    if (shift < 32) low |= group << shift;
    if (shift === 28) high = group >>> 4;
    else if (shift > 28) high |= group << (shift - 32);
    shift += 7;
  } while (byte > 0x7f);
  halves[0] = low;
  halves[1] = high;
  return signedWhole[0];
}

function lengthFieldSize(length: number): number {
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

function numberFieldSize(value: number): number {
  return value === 0 ? 0 : 1 + numberSize(value);
}

function numberSize(value: number): number {
  if (value < TWO_TO_28) return varintSize(value);
  return 4 + varintSize(Math.floor(value / TWO_TO_28));
}

function leaseFieldSize(lease: bigint): number {
  if (lease === 0n) return 0;
  if (lease < 0n) return 1 + NEGATIVE_VARINT_BYTES;
  signedWhole[0] = lease;
  const high = halves[1];
  if (high === 0) return 1 + varintSize(halves[0]);
  // The 33rd to 35th bit still fit into the fifth byte.
  return high < 8 ? 6 : 6 + varintSize(high >>> 3);
}

function writeNumberField(target: Uint8Array, offset: number, tag: number, value: number): number {
  if (value === 0) return offset;
  target[offset] = tag;
  return writeNumber(target, offset + 1, value);
}

function writeNumber(target: Uint8Array, offset: number, value: number): number {
  while (value >= TWO_TO_32) {
    target[offset++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  while (value > 0x7f) {
    target[offset++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[offset] = value;
  return offset + 1;
}

function writeLease(target: Uint8Array, offset: number, lease: bigint): number {
  target[offset++] = LEASE_TAG;
  signedWhole[0] = lease;
  let low = halves[0];
  let high = halves[1];
  while (high !== 0) {
    target[offset++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  return writeNumber(target, offset, low);
}
