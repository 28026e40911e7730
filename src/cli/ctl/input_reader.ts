import { latin1FromBytes } from "../../base/bytes.ts";
import type { ByteText } from "./byte_text.ts";

/** Reads a stream of bytes by lines or as a whole. */
export class InputReader {
  readonly #stream: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #buffered: ByteText = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
  }

  /** The next line with its end; undefined when the stream ends before the line does. */
  async line(): Promise<ByteText | undefined> {
    let searched = 0;
    for (;;) {
      const end = this.#buffered.indexOf("\n", searched);
      if (end >= 0) return this.#take(end + 1);
      searched = this.#buffered.length;
      if (!await this.#fill()) return undefined;
    }
  }

  /** Everything up to the end of the stream. */
  async rest(): Promise<ByteText> {
    while (await this.#fill());
    return this.#take(this.#buffered.length);
  }

  /** The next byte; undefined at the end of the stream. */
  async byte(): Promise<ByteText | undefined> {
    if (this.#buffered === "" && !await this.#fill()) return undefined;
    return this.#take(1);
  }

  #take(length: number): ByteText {
    const taken = this.#buffered.slice(0, length);
    this.#buffered = this.#buffered.slice(length);
    return taken;
  }

  /** Whether there was more. */
  async #fill(): Promise<boolean> {
    // Not before it is needed: a terminal that is read from is not let go of until somebody types.
    this.#reader ??= this.#stream.getReader();
    const { value } = await this.#reader.read();
    if (value === undefined) return false;
    this.#buffered += latin1FromBytes(value);
    return true;
  }
}
