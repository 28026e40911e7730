import assert from "node:assert/strict";
import { GrpcCode } from "../../base/grpc_code.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { LOCAL_END } from "../remote_end.ts";
import { Metadata } from "./metadata.ts";
import type { RoutedCall } from "./routed_call.ts";
import { GrpcServer } from "./server.ts";
import type { ServerCall } from "./server_call.ts";

const PATH = "/test.Waiter/Wait";
const NOTHING = new Uint8Array(0);
const SLOW_MS = 300;

/** A server whose one method leaves its calls to the test, and what is told of them. */
class World {
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly calls: ServerCall[] = [];
  readonly server = new GrpcServer({
    clock: this.clock,
    maxReceiveMessageBytes: 10,
    maxSendMessageBytes: 10,
    observer: {
      timed: false,
      started: ({ path }) => this.told.push(`started ${path}`),
      received: (_, sizeBytes) => this.told.push(`received ${sizeBytes}`),
      sent: (_, sizeBytes) => this.told.push(`sent ${sizeBytes}`),
      handled: (_, code) => this.told.push(`handled ${code}`),
    },
    tracer: {
      started: ({ path }) => {
        this.told.push(`traced ${path}`);
        return (code) => this.told.push(`trace ended ${code}`);
      },
    },
    slowCalls: { thresholdMs: SLOW_MS, slow: (_, { path }) => this.told.push(`slow ${path}`) },
  });

  constructor() {
    this.server.addUnary(PATH, (call) => this.calls.push(call));
  }

  call(timeoutMs = Infinity, path = PATH): RoutedCall | undefined {
    return this.server.call({
      path,
      timeoutMs,
      metadata: new Metadata(),
      authority: "",
      remote: LOCAL_END,
      receiver: {
        message: (_, start, end) => {
          this.told.push(`answered ${end - start}`);
          return true;
        },
        ended: (code) => this.told.push(`ended ${code}`),
        paused: (isPaused) => this.told.push(isPaused ? "paused" : "resumed"),
      },
    });
  }

  end(): void {
    this.server.close();
    assert.deepEqual(this.server.counters.activeCalls, 0);
    assert.equal(this.clock.timerCount, 0);
  }
}

Deno.test("RoutedCall is counted, traced and told of when it is slow, like any other call", () => {
  const world = new World();
  const call = world.call();
  call?.give(NOTHING, 0, 0);
  world.clock.advance(2 * SLOW_MS);
  world.calls[0].respond(NOTHING, 0, 0);
  assert.deepEqual(world.told, [
    `traced ${PATH}`,
    `started ${PATH}`,
    "received 0",
    "sent 0",
    "answered 0",
    `trace ended ${GrpcCode.OK}`,
    `slow ${PATH}`,
    `handled ${GrpcCode.OK}`,
    `ended ${GrpcCode.OK}`,
  ]);
  world.end();
});

Deno.test("RoutedCall ends at its deadline, and the handler hears of it", () => {
  const world = new World();
  world.call(100)?.give(NOTHING, 0, 0);
  const reasons: string[] = [];
  world.calls[0].onCancel = (reason) => reasons.push(reason);
  world.clock.advance(200);
  assert.deepEqual(reasons, ["deadline"]);
  assert.equal(world.told.at(-1), `ended ${GrpcCode.DeadlineExceeded}`);
  world.call(0)?.give(NOTHING, 0, 0);
  assert.equal(world.calls.length, 1, "a deadline of zero has passed already");
  world.end();
});

Deno.test("RoutedCall refuses a message that is too large, and methods that are not there", () => {
  const world = new World();
  world.call()?.give(new Uint8Array(11), 0, 11);
  assert.equal(world.told.at(-1), `ended ${GrpcCode.ResourceExhausted}`);
  assert.equal(world.call(Infinity, "/test.Waiter/Other"), undefined);
  assert.equal(world.told.at(-1), `ended ${GrpcCode.Unimplemented}`);
  assert.equal(world.calls.length, 0);
  world.end();
});

Deno.test("RoutedCall holds messages back both ways, as long as it lasts", () => {
  const world = new World();
  const call = world.call();
  call?.give(NOTHING, 0, 0);
  const [handled] = world.calls;
  let drainedCount = 0;
  handled.onDrain = () => drainedCount++;
  call?.drained();
  handled.pause();
  handled.resume();
  assert.deepEqual([drainedCount, ...world.told.slice(-2)], [1, "paused", "resumed"]);
  handled.respond(NOTHING, 0, 0);
  const toldCount = world.told.length;
  call?.drained();
  handled.pause();
  handled.resume();
  assert.deepEqual([drainedCount, world.told.length], [1, toldCount]);
  world.end();
});
