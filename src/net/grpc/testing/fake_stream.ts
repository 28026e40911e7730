import assert from "node:assert/strict";
import { concatBytes } from "../../../base/bytes.ts";
import { HeaderList } from "../../hpack/header_list.ts";
import type { Http2Stream, Http2StreamListener } from "../../http2/handler.ts";
import type { GrpcServer } from "../server.ts";

/** A stream without a connection: keeps what is sent and checks the order of it. */
export class FakeStream implements Http2Stream {
  readonly id = 1;
  readonly remote = { address: "127.0.0.1:1234", isEncrypted: false, commonName: undefined };
  listener: Http2StreamListener | undefined = undefined;
  bufferedBytes = 0;
  congested = false;
  finished = false;
  paused = false;
  resetCode: number | undefined = undefined;
  readonly headers: (readonly string[])[] = [];
  #body: Uint8Array[] = [];

  sendHeaders(fields: readonly string[], endStream: boolean): void {
    assert(!this.finished, "headers behind the end");
    assert(endStream || this.headers.length === 0, "headers twice");
    this.headers.push(fields);
    this.finished = endStream;
  }

  sendData(
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    prefix?: Uint8Array,
  ): void {
    assert(!this.finished, "data behind the end");
    assert.equal(this.headers.length, 1, "data before headers");
    if (prefix !== undefined) this.#body.push(prefix.slice());
    this.#body.push(bytes.slice(start, end));
    this.finished = endStream;
  }

  sendResponse(
    headers: readonly string[],
    bytes: Uint8Array,
    start: number,
    end: number,
    trailers: readonly string[],
    prefix?: Uint8Array,
  ): void {
    this.sendHeaders(headers, false);
    this.sendData(bytes, start, end, false, prefix);
    this.sendHeaders(trailers, true);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  reset(errorCode: number): void {
    this.finished = true;
    this.resetCode = errorCode;
  }

  /** All data sent. */
  get body(): Uint8Array {
    return concatBytes(this.#body);
  }

  /** The messages sent, each as its flag and its bytes. */
  get messages(): { flag: number; bytes: Uint8Array }[] {
    const body = this.body;
    const view = new DataView(body.buffer);
    const messages: { flag: number; bytes: Uint8Array }[] = [];
    for (let offset = 0; offset < body.length;) {
      const end = offset + 5 + view.getUint32(offset + 1);
      assert(end <= body.length, "message is cut");
      messages.push({ flag: body[offset], bytes: body.slice(offset + 5, end) });
      offset = end;
    }
    return messages;
  }

  /** A field of the first or the last header block. */
  field(name: string): string | undefined {
    for (const fields of this.headers) {
      const value = new HeaderList(fields, false).get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** "code message" of the finished call. */
  get status(): string {
    assert(this.finished, "the call is not finished");
    const message = this.field("grpc-message");
    const code = this.field("grpc-status");
    return message === undefined ? `${code}` : `${code} ${decodeURIComponent(message)}`;
  }
}

const REQUEST_FIELDS: readonly string[] = [
  ...[":method", "POST", ":scheme", "http", ":path", "/test.Echo/Unary"],
  ...[":authority", "localhost", "content-type", "application/grpc", "te", "trailers"],
];

/** The usual request headers with some fields changed (undefined: left out) or added. */
export function requestHeaders(changes: Record<string, string | undefined> = {}): HeaderList {
  const fields: string[] = [];
  const rest = { ...changes };
  for (let i = 0; i < REQUEST_FIELDS.length; i += 2) {
    const name = REQUEST_FIELDS[i];
    const value = name in rest ? rest[name] : REQUEST_FIELDS[i + 1];
    if (value !== undefined) fields.push(name, value);
    delete rest[name];
  }
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined) fields.push(name, value);
  }
  return new HeaderList(fields, false);
}

/** Opens a stream at the server. */
export function openStream(
  server: GrpcServer,
  changes: Record<string, string | undefined> = {},
): FakeStream {
  const stream = new FakeStream();
  server.stream(stream, requestHeaders(changes), false);
  return stream;
}

/** A message with its prefix. */
export function frameMessage(bytes: Uint8Array, flag = 0): Uint8Array {
  const framed = new Uint8Array(5 + bytes.length);
  framed[0] = flag;
  new DataView(framed.buffer).setUint32(1, bytes.length);
  framed.set(bytes, 5);
  return framed;
}

/** Hands bytes to the stream's listener as one DATA frame, within a larger chunk. */
export function deliver(stream: FakeStream, bytes: Uint8Array): void {
  const chunk = new Uint8Array(bytes.length + 7);
  chunk.fill(0xee);
  chunk.set(bytes, 3);
  stream.listener?.data(chunk, 3, 3 + bytes.length);
  // What was handed over is valid only during the call.
  chunk.fill(0xdd);
}
