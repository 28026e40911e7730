import { HTTP1_BODY_LIMITS } from "../limits.ts";
import { BadRequest, type BodyFraming, parseField } from "./request_head.ts";

/** Takes the bytes of a body as they come. */
type BodySink = (bytes: Uint8Array, start: number, end: number) => void;

const CR = 0x0d;
const LF = 0x0a;

/** What is read next. */
const State = { DATA: 0, SIZE: 1, DATA_END: 2, TRAILER: 3, DONE: 4 } as const;

/** Takes one body out of the bytes of a connection: up to a length, or chunk by chunk. */
export class BodyReader {
  readonly #sink: BodySink;
  readonly #isChunked: boolean;
  #state: number;
  #bytesLeft: number;
  /** The line of a chunk's size or of a trailer, as far as it has come. */
  #line = "";
  #trailerBytes = 0;

  constructor(framing: BodyFraming, sink: BodySink) {
    this.#sink = sink;
    this.#isChunked = framing === "chunked";
    this.#bytesLeft = framing === "chunked" ? 0 : framing;
    if (this.#isChunked) this.#state = State.SIZE;
    else this.#state = framing === 0 ? State.DONE : State.DATA;
  }

  /** Whether the whole body has come. */
  get isDone(): boolean {
    return this.#state === State.DONE;
  }

  /** Reads from bytes[start, end); returns where the body ends, or `end`. Throws BadRequest. */
  read(bytes: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end && this.#state !== State.DONE) {
      position = this.#state === State.DATA
        ? this.#data(bytes, position, end)
        : this.#framing(bytes, position, end);
    }
    return position;
  }

  #data(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#bytesLeft);
    this.#bytesLeft -= stop - start;
    if (this.#bytesLeft === 0) this.#state = this.#isChunked ? State.DATA_END : State.DONE;
    this.#sink(bytes, start, stop);
    return stop;
  }

  /** Reads one line of what stands between chunks, or a part of it. */
  #framing(bytes: Uint8Array, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      if (byte === LF) {
        if (!this.#line.endsWith("\r")) throw malformed();
        const line = this.#line.slice(0, -1);
        this.#line = "";
        this.#endOfLine(line);
        return i + 1;
      }
      if (this.#line.endsWith("\r") || (byte < 0x20 && byte !== CR && byte !== 0x09)) {
        throw malformed();
      }
      this.#line += String.fromCharCode(byte);
      if (this.#line.length > HTTP1_BODY_LIMITS.maxLineBytes) throw malformed();
    }
    return end;
  }

  #endOfLine(line: string): void {
    switch (this.#state) {
      case State.SIZE:
        return this.#beginChunk(line);
      case State.DATA_END:
        if (line !== "") throw malformed();
        this.#state = State.SIZE;
        return;
      case State.TRAILER:
        this.#trailerBytes += line.length + 2;
        if (this.#trailerBytes > HTTP1_BODY_LIMITS.maxTrailerBytes) {
          throw new BadRequest(431, "too many trailers");
        }
        if (line === "") this.#state = State.DONE;
        else parseField(line);
    }
  }

  #beginChunk(line: string): void {
    const size = /^([0-9a-fA-F]{1,12})[ \t]*(;.*)?$/.exec(line);
    if (size === null) throw malformed();
    this.#bytesLeft = parseInt(size[1], 16);
    this.#state = this.#bytesLeft === 0 ? State.TRAILER : State.DATA;
  }
}

function malformed(): BadRequest {
  return new BadRequest(400, "malformed chunked encoding");
}
