import { WEBSOCKET_LIMITS } from "../limits.ts";

/** RFC 6455 section 5.2. */
export const Opcode = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
} as const;

/** RFC 6455 section 7.4. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  TOO_BIG: 1009,
} as const;

/** The other end broke the rules. */
export class WebsocketError extends Error {
  override name = "WebsocketError";
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.closeCode = closeCode;
  }
}

/** What frames say. */
export interface FrameListener {
  /** A part of a message, unmasked, valid only during the call; `isLast` ends the message. */
  part(bytes: Uint8Array, isLast: boolean): void;
  /** A frame about the connection, with its whole payload. */
  control(opcode: number, payload: Uint8Array): void;
}

const MASK_BYTES = 4;

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
    const lengthBytes = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0;
    if (length === 2) this.#checkHead(head[0], head[1]);
    if (length < 2 + lengthBytes + MASK_BYTES) return;
    let sizeBytes = lengthBytes === 0 ? shortLength : 0;
    for (let i = 2; i < 2 + lengthBytes; i++) sizeBytes = sizeBytes * 256 + head[i];
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
      if (!this.#isFinal || tooLong) throw broken("a control frame is too long");
      if (this.#opcode > Opcode.PONG) throw broken("unknown opcode");
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
      this.#messageBytes = this.#isInMessage ? this.#messageBytes + sizeBytes : sizeBytes;
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
      this.#listener.part(plain, isWhole && this.#isFinal);
      return;
    }
    this.#control.set(plain, this.#controlLength);
    this.#controlLength += plain.length;
    if (isWhole) {
      this.#listener.control(this.#opcode, this.#control.subarray(0, this.#controlLength));
    }
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

function broken(message: string): WebsocketError {
  return new WebsocketError(CloseCode.PROTOCOL_ERROR, message);
}
