import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import {
  LeaseKeepAliveRequest,
  PutRequest,
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
  type StreamAnswer,
} from "./http2_session.ts";
import { testLeavesNothing } from "./leak_scenario.ts";
import { GONE, goneWatcherOf, vanish } from "./vanishing_clients.ts";

const SESSIONS = 10;
/** What one session has under way at a time. */
const BATCH = 20;
const CLIENTS_AT_A_TIME = 50;

const OVERSIZED_BYTES = 3_000;

const PUT = KV_SERVICE.put.path;
const WATCH = WATCH_SERVICE.watch.path;
const KEEP_ALIVE = LEASE_SERVICE.leaseKeepAlive.path;

const smallPut = message(
  PutRequest.encode(PutRequest.create({ key: "k", value: Buffer.from("v") })),
);
const largePut = PutRequest.create({ key: "k", value: Buffer.alloc(OVERSIZED_BYTES) });
const largeTxn = TxnRequest.create({ success: [RequestOp.create({ requestPut: largePut })] });
const keepAlive = message(LeaseKeepAliveRequest.encode(LeaseKeepAliveRequest.create({ id: 7n })));
const createWatch = watchMessage({
  createRequest: WatchCreateRequest.create({ key: "a", rangeEnd: "z" }),
});

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

testLeavesNothing("10 000 clients that vanish", async (port, count, historyRevision) => {
  const gone = [...GONE, goneWatcherOf(historyRevision)];
  let begun = 0;
  await Promise.all(Array.from({ length: CLIENTS_AT_A_TIME }, async () => {
    while (begun < count) {
      const next = gone[begun++ % gone.length];
      const isKilled = begun % 2 === 0;
      await vanish(await openSocket(port), next, isKilled);
    }
  }));
});

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
