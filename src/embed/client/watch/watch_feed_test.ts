import assert from "node:assert/strict";
import { GrpcCode } from "../../../base/grpc_code.ts";
import {
  ResponseHeader,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import { Event, KeyValue } from "../../../pb/mvccpb.ts";
import { ClientError } from "../client_error.ts";
import { FakeSession } from "../testing/session.ts";
import { WatchCompactedError, WatchFeed } from "./watch_feed.ts";

/** A feed and what its listener heard. */
class Harness {
  readonly session = new FakeSession();
  readonly heard: string[] = [];
  error: ClientError | undefined;
  readonly feed: WatchFeed;

  constructor(startRevision = 0) {
    const request = WatchCreateRequest.create({ key: "a", startRevision });
    this.feed = new WatchFeed(this.session, request, { requireLeader: true }, {
      created: (revision) => this.heard.push(`created ${revision}`),
      response: ({ events }, sizeBytes) => {
        assert.ok(sizeBytes > 0);
        this.heard.push(`events ${events.map(({ kv }) => kv?.modRevision).join(" ")}`);
      },
      closed: (error) => {
        this.error = error;
        this.heard.push(`closed ${error?.message ?? ""}`);
      },
    });
    this.feed.start();
  }

  get stream() {
    return this.session.transport.last;
  }

  get streamCount(): number {
    return this.session.transport.streams.length;
  }

  receive(fields: Partial<WatchResponse>, revision = 0): void {
    const header = ResponseHeader.create({ revision });
    this.stream.receive(WatchResponse.encode(WatchResponse.create({ header, ...fields })));
  }

  /** Breaks the stream as a lost connection does. */
  breakOff(code: number = GrpcCode.Unavailable): void {
    this.stream.end(new ClientError(code, "gone"));
  }

  /** The revision that the last stream was asked to start from. */
  askedRevision(): number | undefined {
    return WatchRequest.decode(this.stream.sent[0]).createRequest?.startRevision;
  }
}

function events(...revisions: number[]): Event[] {
  return revisions.map((modRevision) => Event.create({ kv: KeyValue.create({ modRevision }) }));
}

Deno.test("WatchFeed starts a watch again behind the last event that was told", () => {
  const feed = new Harness();
  assert.equal(feed.askedRevision(), 0);
  feed.receive({ created: true }, 7);
  feed.receive({ events: events(9, 9, 11) }, 20);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.streamCount, 2);
  assert.equal(feed.askedRevision(), 12, "the store's revision 20 had not been reached");
  feed.receive({ created: true }, 20);
  feed.receive({ events: events(12) }, 20);
  assert.deepEqual(feed.heard, ["created 7", "events 9 9 11", "events 12"]);
});

Deno.test("WatchFeed starts again behind the creation when nothing has been told", () => {
  const feed = new Harness();
  feed.receive({ created: true }, 7);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.askedRevision(), 8);
});

Deno.test("WatchFeed keeps a start in the future when the stream breaks before it", () => {
  const feed = new Harness(100);
  feed.receive({ created: true }, 7);
  feed.receive({}, 7);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.askedRevision(), 100);
});

Deno.test("WatchFeed goes on behind a periodic progress notification", () => {
  const feed = new Harness();
  feed.receive({ created: true }, 7);
  feed.receive({}, 30);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.askedRevision(), 31);
});

Deno.test("WatchFeed does not trust requested progress, which old servers send too early", () => {
  const feed = new Harness();
  feed.receive({ created: true }, 7);
  feed.feed.requestProgress();
  assert.notEqual(WatchRequest.decode(feed.stream.sent[1]).progressRequest, undefined);
  feed.receive({ watchId: -1n }, 30);
  assert.deepEqual(feed.heard, ["created 7", "events "]);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.askedRevision(), 8);
});

Deno.test("WatchFeed joins fragments and forgets those of a broken stream", () => {
  const feed = new Harness();
  feed.receive({ created: true }, 7);
  feed.receive({ events: events(8, 8), fragment: true }, 8);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.askedRevision(), 8);
  feed.receive({ created: true }, 8);
  feed.receive({ events: events(8, 8), fragment: true }, 8);
  feed.receive({ events: events(8), fragment: true }, 8);
  feed.receive({ events: events(8, 9) }, 9);
  assert.deepEqual(feed.heard, ["created 7", "events 8 8 8 8 9"]);
});

Deno.test("WatchFeed waits twice as long after each failure, up to two seconds", () => {
  const feed = new Harness();
  feed.receive({ created: true }, 7);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    feed.breakOff(i % 2 === 0 ? GrpcCode.Unavailable : GrpcCode.Internal);
    const count = feed.streamCount;
    let waitedMs = 0;
    while (feed.streamCount === count) {
      feed.session.clock.advance(50);
      waitedMs += 50;
    }
    waits.push(waitedMs);
  }
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
  feed.receive({ created: true }, 7);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.equal(feed.streamCount, 10, "a watch that was taken starts over with short waits");
});

Deno.test("WatchFeed tries again when a stream fails before it is open", () => {
  const feed = new Harness();
  feed.session.transport.streamError = new ClientError(GrpcCode.Unavailable, "nobody there");
  feed.breakOff();
  feed.session.clock.advance(150);
  assert.equal(feed.streamCount, 3);
  feed.session.transport.streamError = undefined;
  feed.session.clock.advance(200);
  assert.equal(feed.streamCount, 4);
  feed.receive({ created: true }, 7);
  assert.deepEqual(feed.heard, ["created 7"]);
});

Deno.test("WatchFeed ends when the server refuses the watch", () => {
  for (
    const [fields, message] of [
      [{ canceled: true, cancelReason: "no such thing" }, "no such thing"],
      [{ created: true, canceled: true }, "the server canceled the watch"],
    ] as const
  ) {
    const feed = new Harness();
    feed.receive(fields, 7);
    assert.deepEqual(feed.heard, [`closed ${message}`]);
    assert.equal(feed.error?.code, GrpcCode.Canceled);
    assert.ok(feed.stream.isCanceled);
  }
});

Deno.test("WatchFeed tells where to go on when the history is gone", () => {
  const feed = new Harness(3);
  feed.receive({ created: true }, 50);
  feed.receive({ canceled: true, compactRevision: 40 }, 50);
  assert.ok(feed.error instanceof WatchCompactedError);
  assert.equal(feed.error.compactRevision, 40);
});

Deno.test("WatchFeed ends on an error that another try would meet again", () => {
  const feed = new Harness();
  feed.breakOff(GrpcCode.PermissionDenied);
  assert.equal(feed.error?.code, GrpcCode.PermissionDenied);
  assert.equal(feed.session.clock.timerCount, 0);
});

Deno.test("WatchFeed ends on a response that cannot be read", () => {
  const feed = new Harness();
  feed.stream.receive(new Uint8Array([0x0a, 0x7f]));
  assert.equal(feed.error?.code, GrpcCode.Internal);
});

Deno.test("WatchFeed keeps a pause over a broken stream", () => {
  const feed = new Harness();
  feed.feed.pause();
  assert.ok(feed.stream.isPaused);
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.ok(feed.stream.isPaused);
  feed.feed.resume();
  assert.ok(!feed.stream.isPaused);
});

Deno.test("WatchFeed.cancel() ends it for good, with a stream and without", () => {
  for (const isBroken of [false, true]) {
    const feed = new Harness();
    const { stream } = feed;
    if (isBroken) feed.breakOff();
    feed.feed.cancel();
    assert.deepEqual(feed.heard, ["closed "]);
    assert.equal(feed.session.clock.timerCount, 0);
    assert.equal(stream.isCanceled, !isBroken);
    // What an old stream still says is not heard.
    stream.receive(WatchResponse.encode(WatchResponse.create({ created: true })));
    stream.end(undefined);
    assert.deepEqual(feed.heard, ["closed "]);
  }
});

Deno.test("WatchFeed ends when its client is closed, also while it waits to try again", () => {
  const feed = new Harness();
  feed.breakOff();
  feed.session.close();
  assert.deepEqual(feed.heard, ["closed "]);
  assert.equal(feed.session.clock.timerCount, 0);
});

Deno.test("WatchFeed asks for a leader if it is told to, on each stream", () => {
  const feed = new Harness();
  feed.breakOff();
  feed.session.clock.advance(50);
  assert.deepEqual(feed.session.transport.streams.map(({ options }) => options.requireLeader), [
    true,
    true,
  ]);
});
