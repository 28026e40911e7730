import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { MessageCodec } from "../../src/pb/codec.ts";
import {
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  RangeRequest,
  RangeResponse,
} from "../../src/pb/etcdserverpb.ts";
import {
  ELECTION_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  LOCK_SERVICE,
} from "../../src/pb/services.ts";
import { LeaderRequest } from "../../src/pb/v3electionpb.ts";
import { LockRequest } from "../../src/pb/v3lockpb.ts";
import { eventually } from "../harness/eventually.ts";
import { Http2Session, message, type StreamAnswer } from "./http2_session.ts";
import { testLeavesNothing } from "./leak_scenario.ts";

const BATCH = 100;

function ask<T>(
  session: Http2Session,
  path: string,
  codec: MessageCodec<T>,
  fields: Partial<T>,
): StreamAnswer {
  return session.request(path, { body: message(codec.encode(codec.create(fields))) });
}

/** Asks and waits until all is answered well. */
async function done(session: Http2Session, ...answers: StreamAnswer[]): Promise<void> {
  await session.until("all are answered", () => answers.every((answer) => answer.over));
  for (const { grpcStatus } of answers) {
    if (grpcStatus !== GrpcCode.OK) throw new Error(`a call ended with ${grpcStatus}`);
  }
}

/** On a connection for each batch: one that takes back so much would be called a flood. */
async function inBatches(
  port: number,
  count: number,
  batch: (session: Http2Session) => Promise<void>,
): Promise<void> {
  for (let begun = 0; begun < count; begun += BATCH) {
    const session = await Http2Session.open(port);
    await batch(session);
    await session.close();
  }
}

testLeavesNothing(
  "10 000 observers of an election that go",
  (port, count) =>
    inBatches(port, count, async (session) => {
      await done(session, ask(session, KV_SERVICE.put.path, PutRequest, { key: "e/1" }));
      const streams = Array.from({ length: BATCH }, () => {
        return ask(session, ELECTION_SERVICE.observe.path, LeaderRequest, { name: "e" });
      });
      await session.until("all know", () => streams.every(({ messages }) => messages.length > 0));
      for (const stream of streams) session.reset(stream);
    }),
);

/** Returns once so many keys stand in the queue of the lock. */
async function untilWaiting(session: Http2Session, count: number): Promise<void> {
  const range = { key: "l/", rangeEnd: "l0", countOnly: true };
  await eventually(`${count} stand in the queue`, async () => {
    const answer = ask(session, KV_SERVICE.range.path, RangeRequest, range);
    await done(session, answer);
    return RangeResponse.decode(answer.messages[0]).count === count;
  });
}

testLeavesNothing(
  "10 000 who stop waiting for a lock",
  (port, count) =>
    inBatches(port, count, async (session) => {
      await done(session, ask(session, KV_SERVICE.put.path, PutRequest, { key: "l/holder" }));
      const ids = Array.from({ length: BATCH }, (_, i) => BigInt(i + 1));
      const grant = (id: bigint) => {
        return ask(session, LEASE_SERVICE.leaseGrant.path, LeaseGrantRequest, { id, ttl: 600 });
      };
      await done(session, ...ids.map(grant));
      const waiting = ids.map((lease) => {
        return ask(session, LOCK_SERVICE.lock.path, LockRequest, { name: "l", lease });
      });
      await untilWaiting(session, BATCH + 1);
      for (const stream of waiting) session.reset(stream);
      await untilWaiting(session, 1);
      const revoke = (id: bigint) => {
        return ask(session, LEASE_SERVICE.leaseRevoke.path, LeaseRevokeRequest, { id });
      };
      await done(session, ...ids.map(revoke));
    }),
);
