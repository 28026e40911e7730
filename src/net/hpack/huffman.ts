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
const CODES: Uint32Array = canonicalCodes();

/**
 * The decoder walks the code tree four bits at a time: entry `state * 16 + bits` holds the next
 * state in its low byte, the symbol that these bits complete in the second byte, and flags. The
 * shortest code has five bits, so four bits complete at most one symbol.
 */
const COMPLETES = 0x1_0000;
const FAILS = 0x2_0000;
const TRANSITIONS: Int32Array = new Int32Array(256 * 16);

/** States in which a string may end: fewer than eight bits into a code, all of them ones. */
const MAY_END: Uint8Array = new Uint8Array(256);

buildDecoder();

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
  // A symbol takes at least five bits.
  const mostSymbols = Math.floor((end - start) * 8 / 5);
  const output = mostSymbols <= scratch.length ? scratch : new Uint8Array(mostSymbols);
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    let transition = TRANSITIONS[(state << 4) | (byte >> 4)];
    if (transition >= COMPLETES) {
      if (transition >= FAILS) throw new HpackError("Huffman coded string holds end-of-string");
      output[length++] = transition >> 8;
    }
    transition = TRANSITIONS[((transition & 0xff) << 4) | (byte & 15)];
    if (transition >= COMPLETES) {
      if (transition >= FAILS) throw new HpackError("Huffman coded string holds end-of-string");
      output[length++] = transition >> 8;
    }
    state = transition & 0xff;
  }
  if (MAY_END[state] === 0) throw new HpackError("Huffman coded string has wrong padding");
  return latin1FromBytes(output, 0, length);
}

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(CODE_LENGTHS.length);
  let next = 0;
  for (let bits = 1; bits <= LONGEST_CODE_BITS; bits++) {
    for (let symbol = 0; symbol < codes.length; symbol++) {
      if (LENGTHS[symbol] === bits) codes[symbol] = next++;
    }
    next *= 2;
  }
  return codes;
}

/** The code tree as pairs of children: a node's number if not negative, else ~symbol. */
function codeTree(): number[] {
  const children = [0, 0];
  for (let symbol = 0; symbol < CODES.length; symbol++) {
    let node = 0;
    for (let bit = LENGTHS[symbol] - 1; bit > 0; bit--) {
      const child = node * 2 + ((CODES[symbol] >>> bit) & 1);
      if (children[child] === 0) {
        children[child] = children.length / 2;
        children.push(0, 0);
      }
      node = children[child];
    }
    children[node * 2 + (CODES[symbol] & 1)] = ~symbol;
  }
  return children;
}

function buildDecoder(): void {
  const children = codeTree();
  for (let state = 0; state * 2 < children.length; state++) {
    for (let bits = 0; bits < 16; bits++) {
      TRANSITIONS[state * 16 + bits] = transitionFrom(children, state, bits);
    }
  }
  let node = 0;
  for (let ones = 0; ones < 8; ones++) {
    MAY_END[node] = 1;
    node = children[node * 2 + 1];
  }
}

function transitionFrom(children: readonly number[], state: number, bits: number): number {
  let node = state;
  let completed = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node * 2 + ((bits >> bit) & 1)];
    if (child >= 0) {
      node = child;
    } else {
      if (~child === END_OF_STRING) return FAILS;
      completed = COMPLETES | (~child << 8);
      node = 0;
    }
  }
  return completed | node;
}
