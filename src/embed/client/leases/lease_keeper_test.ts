import assert from "node:assert/strict";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from "../../../pb/etcdserverpb.ts";
import { ClientError } from "../client_error.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import { LeaseKeeper } from "./lease_keeper.ts";
import { FakeSession } from "../testing/session.ts";

/** A keeper and what its listener heard. */
class Harness {
  readonly session = new FakeSession();
  readonly heard: string[] = [];
  readonly keeper: LeaseKeeper;

  constructor(ttlSeconds = 30) {
    this.keeper = new LeaseKeeper(this.session, 5n, ttlSeconds, {
      renewed: ({ ttl }) => this.heard.push(`renewed ${ttl}`),
      ended: (error) => this.heard.push(`ended ${error?.code ?? ""}`),
    });
    this.keeper.start();
  }

  get stream() {
    return this.session.transport.last;
  }

  get streamCount(): number {
    return this.session.transport.streams.length;
  }

  answer(ttl: number): void {
    const response = LeaseKeepAliveResponse.create({ id: 5n, ttl });
    this.stream.receive(LeaseKeepAliveResponse.encode(response));
  }

  breakOff(code: number = GrpcCode.Unavailable): void {
    this.stream.end(new ClientError(code, "gone"));
  }

  advance(ms: number): void {
    this.session.clock.advance(ms);
  }
}

Deno.test("LeaseKeeper renews three times in each lifetime, counted from when it sent", () => {
  const keeper = new Harness(30);
  assert.equal(LeaseKeepAliveRequest.decode(keeper.stream.sent[0]).id, 5n);
  keeper.advance(1000);
  keeper.answer(60);
  keeper.advance(18_999);
  assert.equal(keeper.stream.sent.length, 1);
  keeper.advance(1);
  assert.equal(keeper.stream.sent.length, 2);
  assert.deepEqual(keeper.heard, ["renewed 60"]);
});

Deno.test("LeaseKeeper.endsAtMs counts a lifetime from when the last renewal was sent", () => {
  const harness = new Harness(30);
  const startMs = harness.session.clock.monotonicMs();
  assert.equal(harness.keeper.endsAtMs, startMs + 30_000);
  harness.advance(1000);
  assert.equal(harness.keeper.endsAtMs, startMs + 30_000);
  harness.answer(60);
  assert.equal(harness.keeper.endsAtMs, startMs + 60_000);
});

Deno.test("LeaseKeeper opens a broken stream again and renews at once", () => {
  const keeper = new Harness(30);
  keeper.answer(30);
  keeper.breakOff();
  keeper.advance(50);
  assert.equal(keeper.streamCount, 2);
  assert.equal(keeper.stream.sent.length, 1);
  keeper.answer(30);
  assert.deepEqual(keeper.heard, ["renewed 30", "renewed 30"]);
});

Deno.test("LeaseKeeper replaces a stream that falls silent", () => {
  const keeper = new Harness(30);
  const first = keeper.stream;
  keeper.answer(30);
  keeper.advance(10_000);
  assert.equal(first.sent.length, 2);
  keeper.advance(9_999);
  assert.equal(keeper.streamCount, 1);
  keeper.advance(1 + 50);
  assert.ok(first.isCanceled);
  assert.equal(keeper.streamCount, 2);
  keeper.answer(30);
  assert.deepEqual(keeper.heard, ["renewed 30", "renewed 30"]);
});

Deno.test("LeaseKeeper gives up when the time to live has passed without a renewal", () => {
  for (const isSilent of [false, true]) {
    const keeper = new Harness(30);
    keeper.answer(30);
    keeper.advance(10_000);
    if (!isSilent) {
      keeper.session.transport.streamError = new ClientError(GrpcCode.Unavailable, "nobody there");
      keeper.breakOff();
    }
    keeper.advance(19_999);
    assert.deepEqual(keeper.heard, ["renewed 30"]);
    keeper.advance(51);
    assert.deepEqual(keeper.heard, ["renewed 30", `ended ${GrpcCode.Unavailable}`]);
    assert.equal(keeper.session.clock.timerCount, 0);
  }
});

Deno.test("LeaseKeeper ends when the server does not know the lease", () => {
  const keeper = new Harness(30);
  keeper.answer(0);
  assert.deepEqual(keeper.heard, [`ended ${GrpcCode.NotFound}`]);
  assert.ok(keeper.stream.isCanceled);
  assert.equal(keeper.session.clock.timerCount, 0);
});

Deno.test("LeaseKeeper ends on an error that another try would meet again", () => {
  const keeper = new Harness(30);
  keeper.breakOff(GrpcCode.PermissionDenied);
  assert.deepEqual(keeper.heard, [`ended ${GrpcCode.PermissionDenied}`]);
});

Deno.test("LeaseKeeper ends on an answer that cannot be read", () => {
  const keeper = new Harness(30);
  keeper.stream.receive(new Uint8Array([0x0a, 0x7f]));
  assert.deepEqual(keeper.heard, [`ended ${GrpcCode.Internal}`]);
});

Deno.test("LeaseKeeper.stop() ends it for good, before the start, with a stream and without", () => {
  const keeper = new Harness(30);
  keeper.breakOff();
  keeper.keeper.stop();
  keeper.keeper.stop();
  keeper.keeper.start();
  assert.deepEqual(keeper.heard, ["ended "]);
  assert.equal(keeper.session.clock.timerCount, 0);
  assert.equal(keeper.streamCount, 1);
});

Deno.test("LeaseKeeper ends when its client is closed", () => {
  const keeper = new Harness(30);
  keeper.answer(30);
  keeper.session.close();
  assert.deepEqual(keeper.heard, ["renewed 30", "ended "]);
  assert.ok(keeper.stream.isCanceled);
  assert.equal(keeper.session.clock.timerCount, 0);
});

Deno.test("LeaseKeeper renews a lease of years once an hour, within what timers can do", () => {
  const keeper = new Harness(9_000_000_000);
  keeper.answer(9_000_000_000);
  keeper.advance(CLIENT_LIMITS.keepAliveIntervalMostMs - 1);
  assert.equal(keeper.stream.sent.length, 1);
  keeper.advance(1);
  assert.equal(keeper.stream.sent.length, 2);
});
