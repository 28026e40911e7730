import { WEBSOCKET_LIMITS } from "../limits.ts";
import { broken, checkClosePayload, CloseCode, Utf8Check, WebsocketError } from "./close_codes.ts";

/** RFC 6455 section 5.2. */
export const Opcode = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
} as const;

/** What frames say. */
export interface FrameListener {
  /** A part of a message, unmasked, valid only during the call; `isLast` ends the message. */
  part(bytes: Uint8Array, isLast: boolean): void;
  /** A frame about the connection, with its whole payload. */
  control(opcode: number, payload: Uint8Array): void;
}

const MASK_BYTES = 4;

/** Second bytes of heads that announce a length of two bytes, or of eight. */
const LENGTH_OF_2_BYTES = 126;
const LENGTH_OF_8_BYTES = 127;

/** Reads the frames of a client, in whatever pieces they come. */
export class FrameReader {
  readonly #listener: FrameListener;
  /** The beginning of a frame that has not come as a whole. */
  readonly #head = new Uint8Array(WEBSOCKET_LIMITS.maxHeadBytes);
  #headLength = 0;
  #opcode = 0;
  #isFinal = false;
  readonly #mask = new Uint8Array(MASK_BYTES);
  #maskPosition = 0;
  /** Payload of the current frame that has not come; -1: a head is being read. */
  #bytesLeft = -1;
  readonly #control = new Uint8Array(WEBSOCKET_LIMITS.maxControlBytes);
  #controlLength = 0;
  #isInMessage = false;
  /** Looks at the current message if it is a text. */
  #text: Utf8Check | undefined;
  #messageBytes = 0;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Reads bytes[start, end). Throws WebsocketError. */
  read(bytes: Uint8Array, start: number, end: number): void {
    let position = start;
    while (position < end) {
      if (this.#bytesLeft < 0) {
        this.#head[this.#headLength++] = bytes[position++];
        this.#tryHead();
      } else {
        const stop = Math.min(end, position + this.#bytesLeft);
        this.#payload(bytes, position, stop);
        position = stop;
      }
    }
  }

  #tryHead(): void {
    const [head, length] = [this.#head, this.#headLength];
    if (length < 2) return;
    const shortLength = head[1] & 0x7f;
    const lengthBytes = lengthBytesOf(shortLength);
    if (length === 2) this.#checkHead(head[0], head[1]);
    if (length < 2 + lengthBytes + MASK_BYTES) return;
    let sizeBytes = lengthBytes === 0 ? shortLength : 0;
    for (let i = 2; i < 2 + lengthBytes; i++) sizeBytes = sizeBytes * 256 + head[i];
    checkLength(lengthBytes, head[2], sizeBytes);
    this.#mask.set(head.subarray(2 + lengthBytes, length));
    this.#maskPosition = 0;
    this.#headLength = 0;
    this.#begin(sizeBytes);
  }

  #checkHead(first: number, second: number): void {
    this.#isFinal = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw broken("reserved bits are set");
    if ((second & 0x80) === 0) throw broken("a frame is not masked");
    const isControl = this.#opcode >= Opcode.CLOSE;
    if (isControl) {
      const tooLong = (second & 0x7f) > WEBSOCKET_LIMITS.maxControlBytes;
      if (this.#opcode > Opcode.PONG) throw broken("unknown opcode");
      if (!this.#isFinal) throw broken("a control frame comes in parts");
      if (tooLong) throw broken("a control frame is too long");
      return;
    }
    if (this.#opcode > Opcode.BINARY) throw broken("unknown opcode");
    if ((this.#opcode === Opcode.CONTINUATION) !== this.#isInMessage) {
      throw broken("a message does not begin or go on here");
    }
  }

  #begin(sizeBytes: number): void {
    this.#bytesLeft = sizeBytes;
    this.#controlLength = 0;
    if (this.#opcode < Opcode.CLOSE) {
      if (!this.#isInMessage) {
        this.#messageBytes = 0;
        this.#text = this.#opcode === Opcode.TEXT ? new Utf8Check() : undefined;
      }
      this.#messageBytes += sizeBytes;
      this.#isInMessage = !this.#isFinal;
      if (this.#messageBytes > WEBSOCKET_LIMITS.maxMessageBytes) {
        throw new WebsocketError(CloseCode.TOO_BIG, "a message is too long");
      }
    }
    if (sizeBytes === 0) this.#payload(this.#head, 0, 0);
  }

  #payload(bytes: Uint8Array, start: number, end: number): void {
    this.#bytesLeft -= end - start;
    const isWhole = this.#bytesLeft === 0;
    if (isWhole) this.#bytesLeft = -1;
    const plain = this.#unmasked(bytes, start, end);
    if (this.#opcode < Opcode.CLOSE) {
      const isLast = isWhole && this.#isFinal;
      this.#text?.take(plain, isLast);
      this.#listener.part(plain, isLast);
      return;
    }
    this.#control.set(plain, this.#controlLength);
    this.#controlLength += plain.length;
    if (!isWhole) return;
    const payload = this.#control.subarray(0, this.#controlLength);
    if (this.#opcode === Opcode.CLOSE) checkClosePayload(payload);
    this.#listener.control(this.#opcode, payload);
  }

  #unmasked(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const plain = bytes.slice(start, end);
    const mask = this.#mask;
    let at = this.#maskPosition;
    for (let i = 0; i < plain.length; i++) plain[i] ^= mask[at++ & 3];
    this.#maskPosition = at & 3;
    return plain;
  }
}

function lengthBytesOf(shortLength: number): number {
  if (shortLength === LENGTH_OF_8_BYTES) return 8;
  return shortLength === LENGTH_OF_2_BYTES ? 2 : 0;
}

/** A length has one form, the shortest, and is no negative number. */
function checkLength(lengthBytes: number, firstByte: number, sizeBytes: number): void {
  if (lengthBytes === 8 && firstByte >= 0x80) throw broken("a length is negative");
  const isTooLongForm = lengthBytes === 2 && sizeBytes < LENGTH_OF_2_BYTES ||
    lengthBytes === 8 && sizeBytes < 0x1_0000;
  if (isTooLongForm) throw broken("a length is longer than need be");
}
