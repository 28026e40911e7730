import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { GrpcCode } from "../../src/base/grpc_code.ts";
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
  RequestOp,
  TxnRequest,
  WatchCancelRequest,
  WatchCreateRequest,
  WatchRequest,
} from "../../src/pb/etcdserverpb.ts";
import { HEALTH_SERVICE, KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import {
  announcement,
  Http2Session,
  message,
  openSocket,
  requestFields,
  type StreamAnswer,
} from "./http2_session.ts";
import { testLeavesNothing } from "./leak_scenario.ts";

const SESSIONS = 10;
/** What one session has under way at a time. */
const BATCH = 20;
const CLIENTS_AT_A_TIME = 50;

const OVERSIZED_BYTES = 3_000;

const PUT = KV_SERVICE.put.path;
const RANGE = KV_SERVICE.range.path;
const WATCH = WATCH_SERVICE.watch.path;
const KEEP_ALIVE = LEASE_SERVICE.leaseKeepAlive.path;

const smallPut = message(
  PutRequest.encode(PutRequest.create({ key: "k", value: Buffer.from("v") })),
);
const largePut = PutRequest.create({ key: "k", value: Buffer.alloc(OVERSIZED_BYTES) });
const largeTxn = TxnRequest.create({ success: [RequestOp.create({ requestPut: largePut })] });
const keepAlive = message(LeaseKeepAliveRequest.encode(LeaseKeepAliveRequest.create({ id: 7n })));
const largeRange = RangeRequest.create({ key: "large/", rangeEnd: "large0" });
const createWatch = watchFrom(0);

function watchFrom(startRevision: number): Buffer {
  const createRequest = WatchCreateRequest.create({ key: "a", rangeEnd: "z", startRevision });
  return watchMessage({ createRequest });
}

function watchMessage(request: Partial<WatchRequest>): Buffer {
  return message(WatchRequest.encode(WatchRequest.create(request)));
}

/** Divides the work among some connections, which are used at the same time. */
async function withSessions(
  port: number,
  count: number,
  work: (session: Http2Session, count: number) => Promise<void>,
): Promise<void> {
  const each = count / SESSIONS;
  await Promise.all(Array.from({ length: SESSIONS }, async () => {
    const session = await Http2Session.open(port);
    await work(session, each);
    await session.close();
  }));
}

/** One request that is too large, and what the server says to it. */
interface TooLarge {
  readonly path: string;
  readonly body: Uint8Array;
  readonly fields?: readonly string[];
  /** gRPC's. */
  readonly code: number;
}

const bomb = gzipSync(Buffer.alloc(10_000_000), { level: 9 });
const oversized = announcement(1_000_000);
/** Each byte stands for the field "accept-encoding: gzip, deflate"; 64 KiB of fields are allowed. */
const HEADER_BOMB = Buffer.alloc(2_000, 0x90);

const TOO_LARGE: readonly TooLarge[] = [
  { path: PUT, body: message(PutRequest.encode(largePut)), code: GrpcCode.InvalidArgument },
  {
    path: KV_SERVICE.txn.path,
    body: message(TxnRequest.encode(largeTxn)),
    code: GrpcCode.InvalidArgument,
  },
  { path: PUT, body: oversized, code: GrpcCode.ResourceExhausted },
  {
    path: PUT,
    body: message(bomb, 1),
    fields: ["grpc-encoding", "gzip"],
    code: GrpcCode.ResourceExhausted,
  },
  { path: WATCH, body: oversized, code: GrpcCode.ResourceExhausted },
  {
    path: WATCH,
    body: Buffer.concat([createWatch, oversized]),
    code: GrpcCode.ResourceExhausted,
  },
  {
    path: KEEP_ALIVE,
    body: Buffer.concat([keepAlive, oversized]),
    code: GrpcCode.ResourceExhausted,
  },
  { path: HEALTH_SERVICE.watch.path, body: oversized, code: GrpcCode.ResourceExhausted },
  { path: KV_SERVICE.rangeStream.path, body: oversized, code: GrpcCode.ResourceExhausted },
];

testLeavesNothing(
  "10 000 requests that are too large",
  (port, count) =>
    withSessions(port, count, async (session, each) => {
      for (let begun = 0; begun < each; begun += BATCH) {
        const headersTooLarge = session.request(PUT, { blockEnd: HEADER_BOMB });
        const answers = new Map<StreamAnswer, TooLarge>();
        for (let i = 1; i < BATCH; i++) {
          const request = TOO_LARGE[(begun + i) % TOO_LARGE.length];
          answers.set(session.request(request.path, { ...request, endStream: false }), request);
        }
        await session.untilAllOver();
        assert.equal(headersTooLarge.httpStatus, "431");
        for (const [answer, { code }] of answers) assert.equal(answer.grpcStatus, code);
        session.answers.clear();
      }
    }),
);

/** A call that cannot end within its time, however long it is. */
interface Late {
  readonly path: string;
  readonly body: Uint8Array;
}

const LATE: readonly Late[] = [
  { path: WATCH, body: Buffer.alloc(0) },
  { path: WATCH, body: createWatch },
  { path: KEEP_ALIVE, body: keepAlive },
  { path: HEALTH_SERVICE.watch.path, body: message(Buffer.alloc(0)) },
  { path: PUT, body: smallPut.subarray(0, -1) },
  { path: KV_SERVICE.rangeStream.path, body: announcement(1_000) },
];

const LATE_TIMEOUTS: readonly string[] = ["1n", "300u", "3m", "20m"];
const RACING_TIMEOUTS: readonly string[] = ["1n", "100u", "1m"];

testLeavesNothing(
  "10 000 deadlines that pass",
  (port, count) =>
    withSessions(port, count, async (session, each) => {
      for (let begun = 0; begun < each; begun += BATCH) {
        for (let i = 0; i < BATCH; i++) {
          const { path, body } = LATE[i % LATE.length];
          const fields = ["grpc-timeout", LATE_TIMEOUTS[i % LATE_TIMEOUTS.length]];
          session.request(path, { body, fields, endStream: false });
        }
        await session.untilAllOver();
        for (const answer of session.answers.values()) {
          assert.equal(answer.grpcStatus, GrpcCode.DeadlineExceeded);
        }
        session.answers.clear();
      }
    }),
);

testLeavesNothing(
  "10 000 puts that race with their deadline",
  (port, count) =>
    withSessions(port, count, async (session, each) => {
      for (let begun = 0; begun < each; begun += BATCH) {
        for (let i = 0; i < BATCH; i++) {
          session.request(PUT, {
            body: smallPut,
            fields: ["grpc-timeout", RACING_TIMEOUTS[i % 3]],
          });
        }
        await session.untilAllOver();
        for (const answer of session.answers.values()) {
          assert.ok(answer.grpcStatus === 0 || answer.grpcStatus === GrpcCode.DeadlineExceeded);
        }
        session.answers.clear();
      }
    }),
);

/** What a client has sent when it is suddenly gone, and whether it waits for some answer first. */
interface Gone {
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

const GONE: readonly Gone[] = [
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
  { what: "with a watch about to be made", bytes: conversation(WATCH, createWatch) },
  { what: "with a watch", bytes: conversation(WATCH, createWatch), afterAnswer: true },
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

testLeavesNothing("10 000 clients that vanish", async (port, count, historyRevision) => {
  const gone = [...GONE, {
    what: "with a history that it does not take",
    bytes: conversation(WATCH, watchFrom(historyRevision)),
    afterAnswer: true,
  }];
  let begun = 0;
  await Promise.all(Array.from({ length: CLIENTS_AT_A_TIME }, async () => {
    while (begun < count) await vanish(port, gone[begun++ % gone.length], begun % 2 === 0);
  }));
});

/** Some clients are killed, of which the system tells the server by a reset; others hang up. */
async function vanish(
  port: number,
  { bytes, afterAnswer }: Gone,
  isKilled: boolean,
): Promise<void> {
  const socket = await openSocket(port);
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

testLeavesNothing(
  "10 000 watches that are cancelled",
  (port, count) =>
    withSessions(port, count, async (session, each) => {
      for (let begun = 0; begun < each; begun += BATCH) {
        // Half of them one by one on a stream that goes on, and half with their stream.
        const stream = session.request(WATCH, { endStream: false });
        for (let id = 0n; id < BATCH / 2; id++) {
          const cancelRequest = WatchCancelRequest.create({ watchId: id });
          session.sendData(stream, Buffer.concat([createWatch, watchMessage({ cancelRequest })]));
        }
        await session.until("all are cancelled", () => stream.messages.length === BATCH);
        session.reset(stream);
        await cancelStreams(session, BATCH / 2);
        session.answers.clear();
      }
    }),
);

async function cancelStreams(session: Http2Session, count: number): Promise<void> {
  const streams = Array.from({ length: count }, () => {
    return session.request(WATCH, { body: createWatch, endStream: false });
  });
  await session.until(
    "all are created",
    () => streams.every((stream) => stream.messages.length > 0),
  );
  for (const stream of streams) session.reset(stream);
}
