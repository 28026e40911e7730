import { bufferOf, bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import type { Writer } from "../writer.ts";

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const BAD = 0xff;
const SKIPPED = 0xfe;

const CHARACTERS: Uint8Array = bytesFromLatin1(STANDARD);
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_VALUES = valuesOf(STANDARD.slice(0, -2) + "-_");

/** What a character stands for; line ends are let through, as Go does. */
function valuesOf(characters: string): Uint8Array {
  const values = new Uint8Array(256).fill(BAD);
  for (let i = 0; i < characters.length; i++) values[characters.charCodeAt(i)] = i;
  values[0x0a] = SKIPPED;
  values[0x0d] = SKIPPED;
  return values;
}

/**
 * Appends the bytes of the base64 text in source[start, end), with their length in front. Both
 * alphabets are taken, and padding may be missing altogether. False, with nothing appended, when it
 * is not base64.
 */
export function decodeBase64(
  source: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): boolean {
  const before = writer.position;
  if (decodeWith(STANDARD_VALUES, source, start, end, writer)) return true;
  writer.position = before;
  if (!isUrlText(source, start, end)) return false;
  if (decodeWith(URL_VALUES, source, start, end, writer)) return true;
  writer.position = before;
  return false;
}

/**
 * The same by means of the runtime, which pays for long texts. It passes over what is no base64, so
 * a text that is not plain and padded base64 is left to `decodeBase64`: false.
 */
export function decodeLongBase64(
  source: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): boolean {
  const text = latin1FromBytes(source, start, end);
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const sizeBytes = text.length / 4 * 3 - padding;
  const before = writer.position;
  const messageStart = writer.beginMessage();
  writer.reserve(sizeBytes);
  const { buffer } = writer;
  const target = bufferOf(buffer);
  if (target.write(text, writer.position, sizeBytes, "base64") !== sizeBytes) {
    writer.position = before;
    return false;
  }
  writer.position += sizeBytes;
  writer.endMessage(messageStart);
  return true;
}

function decodeWith(
  values: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): boolean {
  // A text of any other length has no padding.
  const isPadded = (end - start) % 4 === 0;
  let last = end;
  if (isPadded && last > start && source[last - 1] === PADDING) last--;
  if (isPadded && last > start && source[last - 1] === PADDING) last--;
  const messageStart = writer.beginMessage();
  writer.reserve(((last - start) >> 2) * 3 + 3);
  const position = decodeWhole(values, source, start, last, writer);
  const characterCount = decodeRest(values, source, position, last, writer);
  if (characterCount < 0) return false;
  const rest = characterCount % 4;
  if (rest === 1 || isPadded && end - last !== (4 - rest) % 4) return false;
  writer.endMessage(messageStart);
  return true;
}

/** Takes four characters at a time, as long as none of them is special; returns where it stopped. */
function decodeWhole(
  values: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): number {
  const target = writer.buffer;
  let position = writer.position;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const a = values[source[i]];
    const b = values[source[i + 1]];
    const c = values[source[i + 2]];
    const d = values[source[i + 3]];
    if ((a | b | c | d) > 63) break;
    target[position] = (a << 2) | (b >> 4);
    target[position + 1] = (b << 4) | (c >> 2);
    target[position + 2] = (c << 6) | d;
    position += 3;
  }
  writer.position = position;
  return i;
}

/** Takes what is left, one by one; returns how many characters meant something, -1: one was bad. */
function decodeRest(
  values: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
  writer: Writer,
): number {
  const target = writer.buffer;
  let position = writer.position;
  let characterCount = 0;
  let bits = 0;
  let bitCount = 0;
  for (let i = start; i < end; i++) {
    const value = values[source[i]];
    if (value === SKIPPED) continue;
    if (value === BAD) return -1;
    characterCount++;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    target[position++] = bits >> bitCount;
  }
  writer.position = position;
  return characterCount;
}

function isUrlText(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = source[i];
    if (byte === 0x2d || byte === 0x5f) return true;
  }
  return false;
}

/** Writes source[start, end) in base64 at `position`, which must have room; returns the new one. */
export function encodeBase64(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  position: number,
): number {
  const lastWhole = end - (end - start) % 3;
  let at = position;
  for (let i = start; i < lastWhole; i += 3) {
    const bits = (source[i] << 16) | (source[i + 1] << 8) | source[i + 2];
    target[at] = CHARACTERS[bits >> 18];
    target[at + 1] = CHARACTERS[(bits >> 12) & 63];
    target[at + 2] = CHARACTERS[(bits >> 6) & 63];
    target[at + 3] = CHARACTERS[bits & 63];
    at += 4;
  }
  const rest = end - lastWhole;
  if (rest === 0) return at;
  const bits = (source[lastWhole] << 16) | (rest === 2 ? source[lastWhole + 1] << 8 : 0);
  target[at] = CHARACTERS[bits >> 18];
  target[at + 1] = CHARACTERS[(bits >> 12) & 63];
  target[at + 2] = rest === 2 ? CHARACTERS[(bits >> 6) & 63] : PADDING;
  target[at + 3] = PADDING;
  return at + 4;
}
