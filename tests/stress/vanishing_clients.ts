import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { FrameType } from "../../src/net/http2/protocol.ts";
import {
  block,
  data,
  frame,
  headers,
  parseFrames,
  PREFACE,
  settings,
} from "../../src/net/http2/testing/frames.ts";
import {
  LeaseKeepAliveRequest,
  PutRequest,
  RangeRequest,
  WatchCreateRequest,
  WatchRequest,
} from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import { announcement, message, requestFields } from "./http2_session.ts";

const PUT = KV_SERVICE.put.path;
const RANGE = KV_SERVICE.range.path;
const WATCH = WATCH_SERVICE.watch.path;
const KEEP_ALIVE = LEASE_SERVICE.leaseKeepAlive.path;

const smallPut = message(
  PutRequest.encode(PutRequest.create({ key: "k", value: Buffer.from("v") })),
);
const keepAlive = message(LeaseKeepAliveRequest.encode(LeaseKeepAliveRequest.create({ id: 7n })));
const largeRange = RangeRequest.create({ key: "large/", rangeEnd: "large0" });

function createWatch(startRevision = 0): Buffer {
  const createRequest = WatchCreateRequest.create({ key: "a", rangeEnd: "z", startRevision });
  return message(WatchRequest.encode(WatchRequest.create({ createRequest })));
}

/** What a client has sent when it is suddenly gone, and whether it waits for some answer first. */
export interface Gone {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly afterAnswer?: boolean;
}

const greeting = Buffer.concat([PREFACE, settings()]);

function conversation(path: string, ...parts: readonly Uint8Array[]): Buffer {
  const bodies = parts.map((part) => data(1, part));
  return Buffer.concat([greeting, headers(1, requestFields(path)), ...bodies]);
}

const wholePut = conversation(PUT, smallPut);

/** How clients go that have not said all, or not heard all. */
export const GONE: readonly Gone[] = [
  { what: "before it says anything", bytes: Buffer.alloc(0) },
  { what: "in the preface", bytes: PREFACE.subarray(0, 10) },
  { what: "before its settings", bytes: PREFACE },
  { what: "in a frame's header", bytes: wholePut.subarray(0, greeting.length + 4) },
  { what: "in a header block", bytes: wholePut.subarray(0, greeting.length + 40) },
  {
    what: "before the end of a header block",
    bytes: Buffer.concat([greeting, frame(1, 0, 1, block(...requestFields(PUT)))]),
  },
  { what: "in a message", bytes: wholePut.subarray(0, -2) },
  { what: "in a message of many frames", bytes: conversation(PUT, announcement(1_000), PREFACE) },
  { what: "with a put under way", bytes: wholePut },
  { what: "with a watch about to be made", bytes: conversation(WATCH, createWatch()) },
  { what: "with a watch", bytes: conversation(WATCH, createWatch()), afterAnswer: true },
  {
    what: "with a lease kept alive",
    bytes: conversation(KEEP_ALIVE, keepAlive),
    afterAnswer: true,
  },
  {
    what: "with an answer that it does not take",
    bytes: conversation(RANGE, message(RangeRequest.encode(largeRange))),
    afterAnswer: true,
  },
  { what: "in an HTTP/1.1 request", bytes: Buffer.from("GET /health HTTP/1.1\r\nHost: x\r\n") },
  {
    what: "in the body of an HTTP/1.1 request",
    bytes: Buffer.from("POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"),
  },
  {
    what: "with an HTTP/1.1 request under way",
    bytes: Buffer.from("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
  },
];

/** One who asks for all that there ever was, and does not take it. */
export function goneWatcherOf(historyRevision: number): Gone {
  return {
    what: "with a history that it does not take",
    bytes: conversation(WATCH, createWatch(historyRevision)),
    afterAnswer: true,
  };
}

/** Says something and goes; who is killed, of that the system tells the server by a reset. */
export async function vanish(
  socket: Socket,
  { bytes, afterAnswer }: Gone,
  isKilled: boolean,
): Promise<void> {
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  if (bytes.length > 0) await new Promise((resolve) => socket.write(bytes, resolve));
  if (afterAnswer) await untilAnswered(socket);
  if (isKilled) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** Reads up to the first DATA frame and no further. */
async function untilAnswered(socket: Socket): Promise<void> {
  let received: Buffer = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    socket.on("close", () => reject(new Error("the server hung up")));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!parseFrames(received).frames.some(({ type }) => type === FrameType.DATA)) return;
      socket.pause();
      resolve();
    });
  });
}
