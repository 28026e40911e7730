import { EMPTY_BYTES } from "../base/bytes.ts";

/**
 * The frame around what a client asked for when it goes into the log: an InternalRaftRequest of a
 * header with the request's ID and one operation. The operation's bytes are spliced in as the
 * client sent them; decoding and encoding them again would cost more than all the rest of a put.
 */

/** Field 100 (header), length-delimited, then its length and field 1 (ID) as a varint. */
const HEADER_TAG_LOW = 0xa2;
const HEADER_TAG_HIGH = 0x06;
const ID_TAG = 0x08;
/** Two bytes of header tag, at most five of its length, the tag of the ID and at most ten of the ID. */
const HEADER_MAX_SIZE = 18;
/** Six groups of seven bits are the low bits of an ID; they are always written. */
const ID_LOW_BYTES = 6;

const SLAB_SIZE = 256 * 1024;
/** A frame above this size gets memory of its own, so that it does not waste the rest of a slab. */
const SLAB_SHARE = SLAB_SIZE / 8;

let slab = new Uint8Array(SLAB_SIZE);
let slabUsed = 0;

/**
 * Frames bytes[start, end), an encoded request, as the operation with the given field number of
 * InternalRaftRequest. The ID's high 16 bits are `memberBits`, its low 48 bits `counter`.
 * `headerFields` are encoded fields of the header that come behind the ID.
 */
export function encodeRaftRequest(
  field: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  memberBits: number,
  counter: number,
  headerFields: Uint8Array = EMPTY_BYTES,
): Uint8Array {
  const room = HEADER_MAX_SIZE + headerFields.length + 2 * 5 + (end - start);
  const target = room > SLAB_SHARE ? new Uint8Array(room) : slabFor(room);
  const begin = target === slab ? slabUsed : 0;
  let offset = writeHeader(target, begin, memberBits, counter, headerFields);
  offset = writeVarint(target, offset, field * 8 + 2);
  offset = writeVarint(target, offset, end - start);
  if (end - start <= 64) {
    for (let i = start; i < end; i++) target[offset++] = bytes[i];
  } else {
    target.set(bytes.subarray(start, end), offset);
    offset += end - start;
  }
  if (target === slab) slabUsed = offset;
  return new Uint8Array(target.buffer, begin, offset - begin);
}

/**
 * The low 48 bits of the ID of a request that `encodeRaftRequest` framed for the same member, or of
 * its bare request of the v2 API, which starts with the ID. Undefined when the bytes are another
 * member's, or framed otherwise.
 */
export function readRaftRequestCounter(data: Uint8Array, memberBits: number): number | undefined {
  if (data[0] === ID_TAG) return readCounter(data, 1, data.length, memberBits);
  if (data.length < 4 || data[0] !== HEADER_TAG_LOW || data[1] !== HEADER_TAG_HIGH) {
    return undefined;
  }
  let offset = 2;
  while (data[offset] >= 0x80) offset++;
  if (data[offset + 1] !== ID_TAG) return undefined;
  return readCounter(data, offset + 2, data.length, memberBits);
}

/** Reads the ID, a varint, in data[offset, end). */
function readCounter(
  data: Uint8Array,
  offset: number,
  end: number,
  memberBits: number,
): number | undefined {
  let counter = 0;
  let scale = 1;
  // The low 48 bits are six groups of seven bits and six bits of the seventh group.
  for (let group = 0; group < 6 && offset < end; group++) {
    const byte = data[offset++];
    counter += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return memberBits === 0 ? counter : undefined;
  }
  let high = 0;
  let highScale = 1;
  while (offset < end) {
    const byte = data[offset++];
    high += (byte & 0x7f) * highScale;
    highScale *= 128;
    if (byte < 0x80) break;
  }
  if (Math.floor(high / 64) !== memberBits) return undefined;
  return counter + (high % 64) * scale;
}

function slabFor(room: number): Uint8Array {
  if (slabUsed + room > SLAB_SIZE) {
    slab = new Uint8Array(SLAB_SIZE);
    slabUsed = 0;
  }
  return slab;
}

function writeHeader(
  target: Uint8Array,
  begin: number,
  memberBits: number,
  counter: number,
  fields: Uint8Array,
): number {
  target[begin] = HEADER_TAG_LOW;
  target[begin + 1] = HEADER_TAG_HIGH;
  // 64 bits as integers that the processor adds and shifts: 28 low bits in four groups, 14 in two,
  // then 22 high bits.
  let low = counter % 2 ** 28;
  let middle = Math.floor(counter / 2 ** 28);
  const high = (middle >>> 14) + memberBits * 64;
  const idBytes = ID_LOW_BYTES + varintBytes(high);
  let offset = writeVarint(target, begin + 2, 1 + idBytes + fields.length);
  target[offset++] = ID_TAG;
  for (let group = 0; group < 4; group++, low >>>= 7) target[offset++] = (low & 0x7f) | 0x80;
  for (let group = 4; group < ID_LOW_BYTES; group++, middle >>>= 7) {
    target[offset++] = (middle & 0x7f) | 0x80;
  }
  offset = writeVarint(target, offset, high);
  for (let i = 0; i < fields.length; i++) target[offset++] = fields[i];
  return offset;
}

/** How many bytes a varint of at most 28 bits takes. */
function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

function writeVarint(target: Uint8Array, offset: number, value: number): number {
  while (value > 0x7f) {
    target[offset++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[offset++] = value;
  return offset;
}
