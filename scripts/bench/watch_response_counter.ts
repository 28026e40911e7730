import type { Buffer } from "node:buffer";
import type { LeanStreamListener } from "./lean_connection.ts";

const GRPC_PREFIX_BYTES = 5;

/** Keys (field number and wire type) of the two fields that count. */
const CREATED_KEY = 3 << 3;
const EVENTS_KEY = 11 << 3 | 2;
const LENGTH_DELIMITED = 2;

const PREFIX = 0;
const KEY = 1;
const VALUE = 2;

/**
 * Counts the events in a stream of WatchResponses as the bytes come, however they are cut: it looks
 * at a few bytes an event and jumps over the rest, so that the reader of a million events a second
 * does not hold the server back.
 */
export class WatchResponseCounter implements LeanStreamListener {
  created = 0;
  events = 0;
  #state = PREFIX;
  /** Bytes of the prefix still to come. */
  #prefixBytesLeft = GRPC_PREFIX_BYTES;
  /** The varint that is being read. */
  #varint = 0;
  #scale = 1;
  #key = 0;
  #messageBytesLeft = 0;
  #skipBytes = 0;

  data(bytes: Buffer, start: number, end: number): void {
    let position = start;
    while (position < end) {
      if (this.#skipBytes > 0) {
        const step = Math.min(this.#skipBytes, end - position);
        this.#skipBytes -= step;
        this.#consume(step);
        position += step;
      } else this.#readByte(bytes[position++]);
    }
  }

  ended(): void {
    throw new Error("the server ended a watch stream");
  }

  #readByte(byte: number): void {
    if (this.#state === PREFIX) {
      this.#readPrefixByte(byte);
      return;
    }
    this.#varint += (byte & 0x7f) * this.#scale;
    this.#scale *= 128;
    if (byte < 0x80) this.#finishVarint();
    this.#consume(1);
  }

  #readPrefixByte(byte: number): void {
    this.#prefixBytesLeft--;
    // The first byte of the prefix says "not compressed": 0, so it adds nothing.
    this.#messageBytesLeft = this.#messageBytesLeft * 256 + byte;
    if (this.#prefixBytesLeft > 0) return;
    this.#prefixBytesLeft = GRPC_PREFIX_BYTES;
    if (this.#messageBytesLeft > 0) this.#state = KEY;
  }

  #finishVarint(): void {
    const value = this.#varint;
    this.#varint = 0;
    this.#scale = 1;
    if (this.#state === KEY) {
      this.#key = value;
      this.#state = VALUE;
      return;
    }
    this.#state = KEY;
    if (this.#key === EVENTS_KEY) this.events++;
    else if (this.#key === CREATED_KEY) this.created++;
    if ((this.#key & 7) === LENGTH_DELIMITED) this.#skipBytes = value;
  }

  #consume(byteCount: number): void {
    this.#messageBytesLeft -= byteCount;
    if (this.#messageBytesLeft === 0) this.#state = PREFIX;
  }
}
