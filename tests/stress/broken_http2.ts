import { Buffer } from "node:buffer";
import type { Prng } from "../../src/base/prng.ts";
import {
  block,
  data,
  type Frame,
  frame,
  parseFrames,
  ping,
  PREFACE,
  reset,
  settings,
  windowUpdate,
} from "../../src/net/http2/testing/frames.ts";
import { cut, withBrokenBytes } from "./broken_bytes.ts";
import type { Input } from "./fuzz_target.ts";
import { message, requestFields } from "./http2_session.ts";

const PATHS: readonly string[] = [
  "/etcdserverpb.KV/Put",
  "/etcdserverpb.KV/Range",
  "/etcdserverpb.Watch/Watch",
  "/etcdserverpb.Lease/LeaseKeepAlive",
  "/no.such/Method",
  "",
];

/** A client that breaks the rules of HTTP/2 in one way or another, or in several. */
export function brokenHttp2(prng: Prng, recordings: readonly Buffer[]): Input {
  const session = prng.chance(0.8) ? prng.pick(recordings) : inventedSession(prng);
  let bytes = prng.chance(0.5) ? withBrokenFrames(prng, session) : session;
  if (prng.chance(0.6)) bytes = withBrokenBytes(prng, bytes);
  if (prng.chance(0.1)) bytes = Buffer.concat([bytes, prng.pick(recordings)]);
  if (prng.chance(0.02)) bytes = Buffer.from(prng.bytes(prng.between(1, 500)));
  return cut(prng, bytes);
}

/** Frames of all kinds in an order that makes some sense. */
function inventedSession(prng: Prng): Buffer {
  const parts: Uint8Array[] = [PREFACE, settings([4, prng.between(0, 100_000)])];
  for (let streamId = 1; streamId < prng.between(3, 40); streamId += 2) {
    const fields = requestFields(prng.pick(PATHS), randomFields(prng));
    const flags = prng.pick([0x4, 0x4, 0x4, 0x5, 0x0, 0x25, 0xd]);
    parts.push(frame(1, flags, streamId, block(...fields)));
    parts.push(data(streamId, message(prng.bytes(prng.between(0, 300))), prng.chance(0.7)));
    if (prng.chance(0.2)) parts.push(reset(streamId));
    if (prng.chance(0.2)) parts.push(ping());
    if (prng.chance(0.2)) parts.push(windowUpdate(prng.pick([0, streamId]), prng.uint32()));
  }
  return Buffer.concat(parts);
}

function randomFields(prng: Prng): string[] {
  const fields: string[] = [];
  const name = () =>
    prng.pick(["grpc-timeout", "grpc-encoding", "x-bin", "x", "te", "content-type"]);
  const value = () => prng.pick(["1S", "99999999H", "gzip", "!!!", "", "\0", "x".repeat(5_000)]);
  while (prng.chance(0.4)) fields.push(name(), value());
  return fields;
}

/** Frames left out, doubled, swapped, or with a wrong header. */
function withBrokenFrames(prng: Prng, session: Buffer): Buffer {
  const { frames, rest } = parseFrames(session.subarray(PREFACE.length));
  for (let i = prng.between(1, 3); i > 0 && frames.length > 0; i--) {
    const at = prng.between(0, frames.length - 1);
    const other = prng.between(0, frames.length - 1);
    switch (prng.between(0, 3)) {
      case 0:
        frames.splice(at, 1);
        break;
      case 1:
        frames.splice(other, 0, ...Array.from({ length: prng.pick([1, 200]) }, () => frames[at]));
        break;
      case 2:
        [frames[at], frames[other]] = [frames[other], frames[at]];
        break;
      default:
        frames[at] = withBrokenHead(prng, frames[at]);
    }
  }
  const whole = frames.map(({ type, flags, streamId, payload }) => {
    return frame(type, flags, streamId, payload);
  });
  return Buffer.concat([session.subarray(0, PREFACE.length), ...whole, rest]);
}

function withBrokenHead(prng: Prng, { type, flags, streamId, payload }: Frame): Frame {
  switch (prng.between(0, 3)) {
    case 0:
      return { type: prng.between(0, 12), flags, streamId, payload };
    case 1:
      return { type, flags: prng.between(0, 255), streamId, payload };
    case 2:
      return { type, flags, streamId: prng.pick([0, 1, 2, 3, prng.uint32()]), payload };
    default:
      return { type, flags, streamId, payload: payload.subarray(0, prng.between(0, 20)) };
  }
}
