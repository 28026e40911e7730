import { latin1FromBytes } from "../../base/bytes.ts";
import { HpackError } from "./hpack_error.ts";

/**
 * RFC 7541 appendix B as bit lengths, symbols 0 to 255 and the end-of-string symbol 256. The code
 * is canonical (shorter codes first, equal lengths in symbol order), so the lengths say it all.
 */
const CODE_LENGTHS: readonly number[] = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
];

const END_OF_STRING = 256;
const LONGEST_CODE_BITS = 30;

const LENGTHS: Uint8Array = Uint8Array.from(CODE_LENGTHS);
const CODES: Uint32Array = new Uint32Array(CODE_LENGTHS.length);

/** All symbols in the order of their codes, so that those of one length are neighbours. */
const SYMBOLS: Uint16Array = new Uint16Array(CODE_LENGTHS.length);

/** For each length: the first number that is no code of it, and how far SYMBOLS is from a code. */
const CODE_ENDS: Uint32Array = new Uint32Array(LONGEST_CODE_BITS + 1);
const CODE_TO_POSITION: Int32Array = new Int32Array(LONGEST_CODE_BITS + 1);

/**
 * What eight bits begin with, if that has a code as short: the symbol, and in the low bits how long
 * its code is. All letters, digits and most signs are such. Zero says that the code is longer.
 */
const SHORT_CODES: Uint16Array = new Uint16Array(256);
const SHORT_CODE_BITS = 8;
const LENGTH_BITS = 4;
const LENGTH_MASK = 0xf;

/** Stands for the ones that fill the last byte of a string. */
const PADDING = -1;

numberCodes();

/** How many bytes the text takes when Huffman coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i) & 0xff];
  return (bits + 7) >> 3;
}

/** Writes the Huffman coded text at `offset` and returns the offset behind it. */
export function writeHuffman(text: string, target: Uint8Array, offset: number): number {
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let code = CODES[symbol];
    let bits = LENGTHS[symbol];
    // Seven pending bits and a code of thirty do not fit 32: long codes go in two parts.
    if (bits > 24) {
      bits -= 24;
      pending = (pending << bits) | (code >>> 24);
      pendingBits += bits;
      code &= 0xff_ffff;
      bits = 24;
      while (pendingBits >= 8) {
        pendingBits -= 8;
        target[offset++] = pending >>> pendingBits;
      }
    }
    pending = (pending << bits) | code;
    pendingBits += bits;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      target[offset++] = pending >>> pendingBits;
    }
  }
  if (pendingBits > 0) {
    const padding = 8 - pendingBits;
    target[offset++] = (pending << padding) | ((1 << padding) - 1);
  }
  return offset;
}

const scratch: Uint8Array = new Uint8Array(1024);

/** The text of Huffman coded bytes; throws HpackError when they are not such. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  // A symbol takes at least five bits, and the end may cut off a last one.
  const mostSymbols = Math.floor((end - start) * 8 / 5) + 1;
  const output = mostSymbols <= scratch.length ? scratch : new Uint8Array(mostSymbols);
  const endBit = end * 8;
  let length = 0;
  // Bits that are taken from bytes before `next`, but not yet decoded; behind the end are ones.
  let next = start;
  let pending = 0;
  let pendingBits = 0;
  while (next * 8 - pendingBits < endBit) {
    if (pendingBits < SHORT_CODE_BITS) {
      pending = (pending << 8) | (next < end ? bytes[next] : 0xff);
      next++;
      pendingBits += 8;
    }
    const short = SHORT_CODES[(pending >>> (pendingBits - SHORT_CODE_BITS)) & 0xff];
    if (short !== 0) {
      output[length++] = short >> LENGTH_BITS;
      pendingBits -= short & LENGTH_MASK;
    } else {
      const bit = next * 8 - pendingBits;
      const symbol = longSymbol(bytes, bit, endBit);
      if (symbol === PADDING) break;
      next = (bit + LENGTHS[symbol] + 7) >> 3;
      pending = bytes[next - 1];
      pendingBits = next * 8 - bit - LENGTHS[symbol];
      output[length++] = symbol;
    }
  }
  if (next * 8 - pendingBits > endBit) throw wrongPadding();
  return latin1FromBytes(output, 0, length);
}

/** The symbol whose code begins at a bit, whatever its length, or PADDING. */
function longSymbol(bytes: Uint8Array, start: number, end: number): number {
  let code = 0;
  for (let bit = start; bit < end; bit++) {
    code = (code << 1) | ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
    const length = bit - start + 1;
    if (code < CODE_ENDS[length]) {
      const symbol = SYMBOLS[code + CODE_TO_POSITION[length]];
      if (symbol === END_OF_STRING) {
        throw new HpackError("Huffman coded string holds end-of-string");
      }
      return symbol;
    }
  }
  const isPadding = end - start < 8 && code === (1 << (end - start)) - 1;
  if (!isPadding) throw wrongPadding();
  return PADDING;
}

function wrongPadding(): HpackError {
  return new HpackError("Huffman coded string has wrong padding");
}

/**
 * Numbers the codes and fills the tables that follow from it, in few enough steps for the engine
 * not to compile this: a server that is idle does without the optimizing compilers.
 */
function numberCodes(): void {
  const counts = new Uint16Array(LONGEST_CODE_BITS + 1);
  for (const length of LENGTHS) counts[length]++;
  const next = new Uint32Array(LONGEST_CODE_BITS + 1);
  for (let length = 1, code = 0, position = 0; length <= LONGEST_CODE_BITS; length++) {
    code *= 2;
    next[length] = code;
    CODE_TO_POSITION[length] = position - code;
    code += counts[length];
    CODE_ENDS[length] = code;
    position += counts[length];
  }
  for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
    const length = LENGTHS[symbol];
    const code = next[length]++;
    CODES[symbol] = code;
    SYMBOLS[code + CODE_TO_POSITION[length]] = symbol;
    const freeBits = SHORT_CODE_BITS - length;
    if (freeBits < 0) continue;
    const short = (symbol << LENGTH_BITS) | length;
    SHORT_CODES.fill(short, code << freeBits, (code + 1) << freeBits);
  }
}
