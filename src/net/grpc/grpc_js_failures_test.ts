import assert from "node:assert/strict";
import { once } from "node:events";
import { GrpcCode } from "../../base/grpc_code.ts";
import { Metadata } from "../../deps/grpc_js.ts";
import type { ServiceError } from "../../deps/grpc_js.ts";
import {
  callUnary,
  deserialize,
  ECHO,
  failure,
  MAX_RECEIVE_BYTES,
  NO_STATE,
  serialize,
  type UnaryResult,
  withServer,
} from "./testing/grpc_js_echo.ts";

Deno.test("grpc-js gets the errors of methods", async () => {
  const trailers = new Metadata();
  trailers.set("why", "because");
  const errors: Record<string, Partial<ServiceError>> = {
    coded: { code: GrpcCode.NotFound, details: "no such thing: 100% ü" },
    plain: new Error("plain"),
    withMetadata: { code: GrpcCode.Aborted, details: "aborted", metadata: trailers },
  };
  await withServer({
    unary: (call, callback) => {
      if (call.request === "throw") throw new Error("a secret");
      callback(errors[call.request]);
    },
    split: (call) => {
      call.write("one");
      call.emit("error", { code: GrpcCode.DataLoss, details: "broken" });
    },
  }, async ({ client }) => {
    const unary = (request: string) => callUnary(client, ECHO.unary, request);
    assert.equal(await failure(unary("coded")), "5 no such thing: 100% ü");
    assert.equal(await failure(unary("plain")), "2 plain");
    assert.equal(await failure(unary("throw")), "2 Unknown error");
    const { error } = await unary("withMetadata");
    assert.deepEqual(error?.metadata.get("why"), ["because"]);
    const missing = callUnary(client, ECHO.missing, "");
    assert.equal(await failure(missing), "12 The server does not implement the method missing");
    const call = client.makeServerStreamRequest<string, string>(
      ECHO.split.path,
      serialize,
      deserialize,
      "",
    );
    const messages: string[] = [];
    call.on("data", (message: string) => messages.push(message));
    const [streamError] = await once(call, "error");
    assert.equal(`${streamError.code} ${streamError.details}`, "15 broken");
    assert.deepEqual(messages, ["one"]);
  });
});

Deno.test("grpc-js learns that a service or a method is unknown", async () => {
  await withServer({}, async ({ client }) => {
    const method = { ...ECHO.unary, path: "/test.Echo/Nothing" };
    const service = { ...ECHO.unary, path: "/test.Nothing/Unary" };
    assert.equal(
      await failure(callUnary(client, method, "")),
      "12 unknown method Nothing for service test.Echo",
    );
    assert.equal(await failure(callUnary(client, service, "")), "12 unknown service test.Nothing");
  });
});

Deno.test("grpc-js learns that its request or the response is too large", async () => {
  await withServer({
    unary: (call, callback) => callback(null, call.request),
  }, async ({ client }) => {
    const limit = "x".repeat(MAX_RECEIVE_BYTES);
    assert.equal((await callUnary(client, ECHO.unary, limit)).value?.length, MAX_RECEIVE_BYTES);
    assert.equal(
      await failure(callUnary(client, ECHO.unary, limit + "x")),
      "8 grpc: received message larger than max (2097153 vs. 2097152)",
    );
    assert.equal((await callUnary(client, ECHO.unary, "still there")).value, "still there");
  });
});

Deno.test("a method learns that grpc-js cancelled the call", async () => {
  const cancelled: string[] = [];
  const { promise: allCancelled, resolve } = Promise.withResolvers<void>();
  const started: (() => void)[] = [];
  function hold(call: {
    cancelled: boolean;
    getPath(): string;
    on(event: string, listener: () => void): void;
  }): void {
    started.pop()?.();
    call.on("cancelled", () => {
      assert.equal(call.cancelled, true);
      cancelled.push(call.getPath());
      if (cancelled.length === 4) resolve();
    });
  }
  await withServer({ unary: hold, join: hold, split: hold, chat: hold }, async ({ client }) => {
    for (const method of [ECHO.unary, ECHO.split, ECHO.join, ECHO.chat]) {
      const began = new Promise<void>((resolve) => started.push(resolve));
      const call = client.makeBidiStreamRequest<string, string>(
        method.path,
        serialize,
        deserialize,
      );
      call.on("error", () => {});
      call.write("a");
      await began;
      call.cancel();
    }
    await allCancelled;
    assert.deepEqual(cancelled, [
      ...["/test.Echo/Unary", "/test.Echo/Split", "/test.Echo/Join", "/test.Echo/Chat"],
    ]);
  });
});

Deno.test("a call of grpc-js ends when its deadline passes", async () => {
  let deadline: unknown;
  const { promise: told, resolve } = Promise.withResolvers<void>();
  await withServer({
    unary: (call) => {
      deadline = call.getDeadline();
      call.on("cancelled", resolve);
    },
  }, async ({ client }) => {
    const before = Date.now();
    const result = failure(callUnary(client, ECHO.unary, "", { deadlineMs: 60 }));
    assert.match(await result, /^4 /);
    await told;
    assert(deadline instanceof Date);
    assert(Math.abs(deadline.getTime() - before - 60) < 55);
  });
});

Deno.test("grpc-js gets the status that says that the deadline passed", async () => {
  await withServer({ unary: () => {} }, async ({ client }) => {
    // Said in the header only, so that the client's own timer does not come first.
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "20m");
    const result = callUnary(client, ECHO.unary, "", { metadata });
    assert.equal(await failure(result), "4 context deadline exceeded");
  });
});

Deno.test("grpc-js calls that end badly leave no state", async () => {
  await withServer({ unary: () => {} }, async ({ server, client }) => {
    for (let round = 0; round < 10; round++) {
      const results: Promise<UnaryResult>[] = [];
      for (let i = 0; i < 100; i++) {
        results.push(callUnary(client, ECHO.unary, "x", { deadlineMs: 5 + i % 20 }));
      }
      await Promise.all(results);
    }
    // The client's own timers come first; what it sent about that may still be under way.
    for (let i = 0; i < 100 && server.counters.activeCalls > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(server.counters, NO_STATE);
  });
});
