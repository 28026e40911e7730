import { ResponseHeader } from "../../../pb/etcdserverpb.ts";

/** The tag of the header, which is the first field of all responses. */
const HEADER_TAG = 10;
/** Longer than any header; from here on a length takes two bytes. */
const LENGTH_BOUND = 0x80;

/**
 * The newest header that the servers have sent. What is cached is true at its revision, too, and a
 * client that has seen it must not be sent back in time.
 */
export class NewestHeader {
  #header: ResponseHeader | undefined;

  get header(): ResponseHeader | undefined {
    return this.#header;
  }

  note(header: ResponseHeader | undefined): void {
    if (header === undefined) return;
    if (this.#header === undefined || header.revision >= this.#header.revision) {
      this.#header = header;
    }
  }

  /** The same with an encoded response, of which only the header is decoded. */
  noteResponse(bytes: Uint8Array): void {
    const isHeader = bytes.length > 1 && bytes[0] === HEADER_TAG && bytes[1] < LENGTH_BOUND;
    if (isHeader) this.note(ResponseHeader.decode(bytes, 2, 2 + bytes[1]));
  }
}
