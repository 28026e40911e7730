/** Bytes that are not DER. */
export class DerError extends Error {
  override name = "DerError";
}

/** The tags of ASN.1 that are looked for here. */
export const DerTag = {
  INTEGER: 0x02,
  SEQUENCE: 0x30,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  /** `[0] EXPLICIT`. */
  EXPLICIT_0: 0xa0,
} as const;

/**
 * Walks over DER without building a tree of it, which takes a library twenty times as long as
 * serving may stand still when a list of revoked certificates is large.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #position: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** The tag of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#position < this.#end ? this.#bytes[this.#position] : undefined;
  }

  /** The content of the next element, which must have this tag. Throws a DerError. */
  content(tag: number): Uint8Array {
    const { start, end } = this.#next(tag);
    return this.#bytes.subarray(start, end);
  }

  /** The elements in the next element, which must have this tag. Throws a DerError. */
  inside(tag: number): DerReader {
    const { start, end } = this.#next(tag);
    return new DerReader(this.#bytes, start, end);
  }

  /** Passes over the next element, whatever it is. Throws a DerError. */
  skip(): void {
    const tag = this.nextTag;
    if (tag === undefined) throw new DerError("an element is missing");
    this.#next(tag);
  }

  #next(tag: number): { start: number; end: number } {
    let position = this.#position;
    if (this.nextTag !== tag) {
      const found = this.nextTag === undefined ? "nothing" : `tag ${this.nextTag}`;
      throw new DerError(`${found} instead of tag ${tag} at byte ${position}`);
    }
    let length = this.#lengthByte(position + 1);
    position += 2;
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f;
      // Four bytes name more than anything here can hold.
      if (lengthBytes === 0 || lengthBytes > 4) throw new DerError("a length is malformed");
      length = 0;
      for (let i = 0; i < lengthBytes; i++) length = length * 256 + this.#lengthByte(position++);
    }
    const end = position + length;
    if (end > this.#end) throw new DerError(`${length} bytes at ${position} pass the end`);
    this.#position = end;
    return { start: position, end };
  }

  #lengthByte(position: number): number {
    if (position >= this.#end) throw new DerError("a length is cut off");
    return this.#bytes[position];
  }
}
