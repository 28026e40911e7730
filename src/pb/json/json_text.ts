import { Buffer } from "node:buffer";
import { JSON_LIMITS } from "../limits.ts";
import { encodeBase64 } from "./base64.ts";
import { Byte } from "./byte_classes.ts";

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  0x08: "\\b",
  0x09: "\\t",
  0x0a: "\\n",
  0x0c: "\\f",
  0x0d: "\\r",
  0x22: '\\"',
  0x5c: "\\\\",
};

/** A growing text of JSON in bytes. */
export class JsonText {
  /** The text is bytes[0, length). */
  bytes: Buffer = Buffer.allocUnsafeSlow(JSON_LIMITS.textInitialBytes);
  length = 0;

  /** Forgets the text. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > JSON_LIMITS.textRetainedBytes) {
      this.bytes = Buffer.allocUnsafeSlow(JSON_LIMITS.textInitialBytes);
    }
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** Text in ASCII. */
  ascii(text: string): void {
    const size = text.length;
    this.#reserve(size);
    const { bytes, length } = this;
    for (let i = 0; i < size; i++) bytes[length + i] = text.charCodeAt(i);
    this.length = length + size;
  }

  /** Any text, in UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length, "utf8");
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    const size = source.length;
    this.#reserve(size);
    const { bytes, length } = this;
    for (let i = 0; i < size; i++) bytes[length + i] = source[i];
    this.length = length + size;
  }

  /** Bytes as a string in base64. */
  base64(source: Uint8Array, start: number, end: number): void {
    this.#reserve(Math.ceil((end - start) / 3) * 4 + 2);
    const { bytes } = this;
    bytes[this.length] = Byte.QUOTE;
    const position = encodeBase64(source, start, end, bytes, this.length + 1);
    bytes[position] = Byte.QUOTE;
    this.length = position + 1;
  }

  /** Text in UTF-8 as a string. */
  string(source: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 6 + 2);
    this.byte(Byte.QUOTE);
    for (let i = start; i < end; i++) {
      const byte = source[i];
      if (byte < Byte.SPACE || byte === Byte.QUOTE || byte === Byte.BACKSLASH) this.#escape(byte);
      else this.bytes[this.length++] = byte;
    }
    this.byte(Byte.QUOTE);
  }

  #escape(byte: number): void {
    this.ascii(SHORT_ESCAPES[byte] ?? `\\u${byte.toString(16).padStart(4, "0")}`);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
