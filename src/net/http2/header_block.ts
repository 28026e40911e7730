import { Buffer } from "node:buffer";

/** Gathers a header block that came in more than one frame. */
export class HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly beginMs: number;
  /** The block so far is bytes[0, length). */
  bytes: Buffer = Buffer.allocUnsafe(1024);
  length = 0;
  continuationCount = 0;

  constructor(streamId: number, endStream: boolean, beginMs: number) {
    this.streamId = streamId;
    this.endStream = endStream;
    this.beginMs = beginMs;
  }

  append(bytes: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length = length;
  }
}
