import { Buffer } from "node:buffer";
import { concatBytes } from "../../../base/bytes.ts";
import { HpackDecoder } from "../../hpack/decoder.ts";
import { CLIENT_PREFACE, ErrorCode, Flag, FrameType } from "../protocol.ts";

/** One frame as a test sees it. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const PREFACE: Uint8Array = Buffer.from(CLIENT_PREFACE, "latin1");

/** Any frame, also one that breaks the rules. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = "",
): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, bytes]);
}

/** SETTINGS of [id, value] pairs. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(FrameType.SETTINGS, Flag.NONE, 0, payload);
}

export function settingsAck(): Buffer {
  return frame(FrameType.SETTINGS, Flag.ACK, 0);
}

/** A header block of literals without indexing: written here so as not to test HPACK by itself. */
export function block(...fields: readonly string[]): Buffer {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    parts.push(Buffer.from([0]), literal(fields[i]), literal(fields[i + 1]));
  }
  return Buffer.from(concatBytes(parts));
}

function literal(text: string): Uint8Array {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push(0x80 | rest % 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** The fields of an ordinary request. */
export const REQUEST: readonly string[] = [
  ":method",
  "POST",
  ":scheme",
  "http",
  ":path",
  "/etcdserverpb.KV/Put",
  ":authority",
  "localhost",
  "content-type",
  "application/grpc",
  "te",
  "trailers",
];

export function headers(
  streamId: number,
  fields: readonly string[] = REQUEST,
  flags: number = Flag.END_HEADERS,
): Buffer {
  return frame(FrameType.HEADERS, flags, streamId, block(...fields));
}

/** A request without a body. */
export function bareRequest(streamId: number): Buffer {
  return headers(streamId, REQUEST, Flag.END_HEADERS | Flag.END_STREAM);
}

export function data(streamId: number, bytes: Uint8Array | string, endStream = false): Buffer {
  return frame(FrameType.DATA, endStream ? Flag.END_STREAM : Flag.NONE, streamId, bytes);
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WINDOW_UPDATE, Flag.NONE, streamId, uint32(increment));
}

export function reset(streamId: number, errorCode: number = ErrorCode.CANCEL): Buffer {
  return frame(FrameType.RST_STREAM, Flag.NONE, streamId, uint32(errorCode));
}

export function ping(payload: Uint8Array | string = "12345678", flags: number = Flag.NONE): Buffer {
  return frame(FrameType.PING, flags, 0, payload);
}

export function goAway(lastStreamId: number, errorCode: number): Buffer {
  const payload = Buffer.concat([uint32(lastStreamId), uint32(errorCode)]);
  return frame(FrameType.GOAWAY, Flag.NONE, 0, payload);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Cuts whole frames off the beginning; the rest is what is left. */
export function parseFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let position = 0;
  while (bytes.length - position >= 9) {
    const end = position + 9 + bytes.readUIntBE(position, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes[position + 3],
      flags: bytes[position + 4],
      streamId: bytes.readUInt32BE(position + 5),
      payload: bytes.subarray(position + 9, end),
    });
    position = end;
  }
  return { frames, rest: bytes.subarray(position) };
}

const NAMES: readonly (readonly [string, number])[] = Object.entries(FrameType);

/**
 * Frames in short, as tests compare them: "DATA 1 END_STREAM 5" (bytes), "RST_STREAM 1 8" (code),
 * "GOAWAY 3 1" (last stream, code), "HEADERS 1 :status=200", "SETTINGS", "SETTINGS ACK".
 */
export class FrameTeller {
  readonly #decoder = new HpackDecoder({
    maxTableSizeBytes: 4096,
    maxListSizeBytes: 1024 * 1024,
  });
  #block: Buffer = Buffer.alloc(0);

  /** Each frame MUST be told once and in order: header blocks build upon one another. */
  tell(told: Frame): string {
    const name = NAMES.find(([, type]) => type === told.type)?.[0] ?? `TYPE_${told.type}`;
    const { flags, streamId, payload } = told;
    const end = (flags & Flag.END_STREAM) !== 0 ? " END_STREAM" : "";
    switch (told.type) {
      case FrameType.DATA:
        return `${name} ${streamId}${end} ${payload.length}`;
      case FrameType.HEADERS:
        this.#block = Buffer.alloc(0);
        return `${name} ${streamId}${end} ${this.#fields(flags, payload)}`;
      case FrameType.CONTINUATION:
        return `${name} ${streamId} ${this.#fields(flags, payload)}`;
      case FrameType.RST_STREAM:
        return `${name} ${streamId} ${payload.readUInt32BE(0)}`;
      case FrameType.WINDOW_UPDATE:
        return `${name} ${streamId} ${payload.readUInt32BE(0)}`;
      case FrameType.GOAWAY:
        return `${name} ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)}`;
      case FrameType.PING:
        return `${name}${flags === Flag.ACK ? " ACK" : ""} ${payload.toString("latin1")}`;
      case FrameType.SETTINGS:
        return `${name}${flags === Flag.ACK ? " ACK" : ""}`;
      default:
        return `${name} ${streamId}`;
    }
  }

  #fields(flags: number, fragment: Buffer): string {
    const whole = Buffer.concat([this.#block, fragment]);
    this.#block = whole;
    if ((flags & Flag.END_HEADERS) === 0) return "...";
    const fields = this.#decoder.decode(whole, 0, whole.length).fields;
    const pairs: string[] = [];
    for (let i = 0; i < fields.length; i += 2) pairs.push(`${fields[i]}=${fields[i + 1]}`);
    return pairs.join(" ");
  }
}
