import assert from "node:assert/strict";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import type { ServerCall } from "../../../net/grpc/server_call.ts";
import { LocalTransport } from "./local_transport.ts";
import type { StreamListener, TransportStream } from "./transport.ts";

const BYTES = new Uint8Array([1, 2, 3]);

/** A transport with a unary method that leaves its calls to the test. */
function withUnary(): { transport: LocalTransport; clock: ManualClock; calls: ServerCall[] } {
  const clock = new ManualClock();
  const transport = new LocalTransport(clock);
  const calls: ServerCall[] = [];
  transport.addUnary("/unary", (call) => calls.push(call));
  return { transport, clock, calls };
}

/** A transport with a stream method, and everything that either side says. */
class StreamHarness {
  readonly transport = new LocalTransport(new ManualClock());
  readonly heard: string[] = [];
  readonly stream: TransportStream;
  call: ServerCall | undefined;

  constructor() {
    this.transport.addStream("/stream", (call) => {
      this.call = call;
      call.onCancel = (reason) => this.heard.push(`onCancel ${reason}`);
      call.onDrain = () => this.heard.push("onDrain");
      return {
        message: (bytes, start, end) => this.heard.push(`request ${bytes.slice(start, end)}`),
        halfClosed: () => this.heard.push("halfClosed"),
      };
    });
    this.stream = this.transport.stream("/stream", this.listener());
  }

  listener(): StreamListener {
    return {
      message: (bytes) => this.heard.push(`response ${bytes}`),
      closed: (error) => this.heard.push(`closed ${error?.message ?? ""}`),
    };
  }

  get server(): ServerCall {
    if (this.call === undefined) throw new Error("the handler was not called");
    return this.call;
  }
}

Deno.test("LocalTransport.unary() resolves with a copy of the response", async () => {
  const { transport, calls } = withUnary();
  const promise = transport.unary("/unary", BYTES);
  const scratch = Uint8Array.of(9, 8, 7);
  calls[0].respond(scratch, 1, 3);
  scratch.fill(0);
  assert.deepEqual(await promise, Uint8Array.of(8, 7));
  assert.ok(calls[0].finished && !calls[0].cancelled);
});

Deno.test("LocalTransport.unary() rejects with what the handler failed with", async () => {
  const { transport, calls } = withUnary();
  const promise = transport.unary("/unary", BYTES);
  calls[0].fail(GrpcCode.NotFound, "not here");
  await assert.rejects(promise, { code: GrpcCode.NotFound, message: "not here" });
});

Deno.test("LocalTransport.unary() costs only the call when the handler has a defect", async () => {
  const { transport } = withUnary();
  transport.addUnary("/broken", () => {
    throw new TypeError("a defect");
  });
  await assert.rejects(transport.unary("/broken", BYTES), {
    code: GrpcCode.Internal,
    message: "the server failed: TypeError: a defect",
  });
});

Deno.test("LocalTransport refuses methods that it does not have", async () => {
  const harness = new StreamHarness();
  await assert.rejects(harness.transport.unary("/other", BYTES), { code: GrpcCode.Unimplemented });
  const stream = harness.transport.stream("/other", harness.listener());
  stream.send(BYTES);
  assert.deepEqual(harness.heard, ["closed unknown method /other"]);
});

Deno.test("LocalTransport.unary() ends at its deadline, and the handler hears of it", async () => {
  const { transport, clock, calls } = withUnary();
  const promise = transport.unary("/unary", BYTES, { timeoutMs: 100 });
  const reasons: string[] = [];
  calls[0].onCancel = (reason) => reasons.push(reason);
  assert.equal(calls[0].deadlineMs, clock.nowMs + 100);
  clock.advance(100);
  await assert.rejects(promise, { code: GrpcCode.DeadlineExceeded });
  assert.deepEqual(reasons, ["deadline"]);
  calls[0].respond(BYTES, 0, 3);
});

Deno.test("LocalTransport.unary() takes its deadline back when it is answered", async () => {
  const { transport, clock, calls } = withUnary();
  const promise = transport.unary("/unary", BYTES, { timeoutMs: 100 });
  calls[0].respond(BYTES, 0, 3);
  await promise;
  assert.equal(clock.timerCount, 0);
});

Deno.test("LocalTransport.unary() ends when it is aborted, before the call or during it", async () => {
  const { transport, calls } = withUnary();
  const controller = new AbortController();
  const promise = transport.unary("/unary", BYTES, { signal: controller.signal });
  controller.abort("enough");
  await assert.rejects(promise, { code: GrpcCode.Canceled, cause: "enough" });
  assert.ok(calls[0].cancelled);
  await assert.rejects(transport.unary("/unary", BYTES, { signal: controller.signal }), {
    code: GrpcCode.Canceled,
  });
  assert.equal(calls.length, 1, "the handler does not hear of a call that was aborted before");
});

Deno.test("LocalTransport tells the handler whether a leader is required", () => {
  const { transport, calls } = withUnary();
  const promises = [
    transport.unary("/unary", BYTES),
    transport.unary("/unary", BYTES, { requireLeader: true }),
  ];
  assert.deepEqual(calls.map(({ metadata }) => metadata.get("hasleader")), [undefined, "true"]);
  for (const call of calls) call.respond(BYTES, 0, 3);
  return Promise.all(promises).then(() => {});
});

Deno.test("LocalTransport.stream() carries messages both ways and the end", () => {
  const harness = new StreamHarness();
  harness.stream.send(Uint8Array.of(1));
  assert.ok(harness.server.send(BYTES, 1, 3));
  harness.stream.halfClose();
  harness.server.end();
  harness.stream.send(Uint8Array.of(2));
  assert.ok(harness.server.send(BYTES, 0, 1));
  harness.stream.cancel();
  assert.deepEqual(harness.heard, ["request 1", "response 2,3", "halfClosed", "closed "]);
});

Deno.test("LocalTransport.stream() tells the handler when the client takes no more", () => {
  const harness = new StreamHarness();
  harness.stream.pause();
  assert.equal(harness.server.send(BYTES, 0, 1), false);
  harness.stream.resume();
  harness.stream.resume();
  assert.equal(harness.server.send(BYTES, 1, 2), true);
  assert.deepEqual(harness.heard, ["response 1", "onDrain", "response 2"]);
});

Deno.test("LocalTransport.stream() can be canceled once", () => {
  const harness = new StreamHarness();
  harness.stream.cancel();
  harness.stream.cancel();
  assert.ok(harness.server.cancelled);
  assert.deepEqual(harness.heard, [
    "closed the call was canceled by its caller",
    "onCancel cancelled",
  ]);
});

Deno.test("LocalTransport.close() tells its owner once", async () => {
  let closedCount = 0;
  const transport = new LocalTransport(new ManualClock(), () => closedCount++);
  await transport.close();
  await transport.close();
  assert.equal(closedCount, 1);
});

Deno.test("LocalTransport.close() ends what is open and refuses what comes later", async () => {
  const harness = new StreamHarness();
  harness.transport.addUnary("/unary", () => {});
  const open = harness.transport.unary("/unary", BYTES);
  const rejected = assert.rejects(open, {
    code: GrpcCode.Canceled,
    message: "the client is closed",
  });
  await harness.transport.close();
  await rejected;
  assert.deepEqual(harness.heard, ["closed the client is closed", "onCancel cancelled"]);
  await assert.rejects(harness.transport.unary("/unary", BYTES), { code: GrpcCode.Canceled });
  harness.transport.stream("/stream", harness.listener());
  assert.equal(harness.heard.at(-1), "closed the client is closed");
});
