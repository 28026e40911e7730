import assert from "node:assert/strict";
import { textFromBytes } from "../../base/bytes.ts";
import { systemClock } from "../../base/clock.ts";
import { GrpcServer } from "../../net/grpc/server.ts";
import { deliver, frameMessage, openStream } from "../../net/grpc/testing/fake_stream.ts";
import type { TokenProvider } from "../../server/auth/token_provider.ts";
import { Authentication } from "../../server/auth/authentication.ts";
import { noTokens } from "../../server/auth/no_tokens.ts";
import { AuthStore } from "../../core/auth/auth_store.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { testConfig } from "../../server/testing/server_fixtures.ts";
import { V3_LIMITS } from "./limits.ts";
import { VerifyingRegistry } from "./verifying_registry.ts";

/** Verifies when the test says so. */
class HeldVerification {
  readonly asked: string[] = [];
  readonly done = Promise.withResolvers<void>();
  isVerified = false;

  get provider(): TokenProvider {
    return {
      ...noTokens,
      verify: (token) => {
        if (this.isVerified) return undefined;
        this.asked.push(token);
        return this.done.promise;
      },
    };
  }

  async finish(): Promise<void> {
    this.isVerified = true;
    this.done.resolve();
    await this.done.promise;
  }
}

function newServer(
  held: HeldVerification,
  isEnabled: boolean,
): { grpc: GrpcServer; heard: string[] } {
  const store = new AuthStore();
  store.addUser({ name: "root", passwordHash: new Uint8Array(0), noPassword: true });
  store.grantRole("root", "root");
  if (isEnabled) store.enable();
  const auth = new Authentication(testConfig(undefined), store, held.provider);
  const sizes = { maxReceiveMessageBytes: 1 << 20, maxSendMessageBytes: 1 << 20 };
  const grpc = new GrpcServer({ clock: systemClock, ...sizes });
  const registry = new VerifyingRegistry(grpc, auth, (error) => {
    throw error;
  });
  const heard: string[] = [];
  registry.addUnary("/s/unary", (call, bytes, start, end) => {
    heard.push(textFromBytes(bytes.subarray(start, end)));
    call.respond(bytes, start, start);
  });
  registry.addStream("/s/stream", (call) => ({
    message: (bytes, start, end) => heard.push(textFromBytes(bytes.subarray(start, end))),
    halfClosed: () => {
      heard.push("end");
      call.end();
    },
  }), "bidi_stream");
  return { grpc, heard };
}

const message = (text: string) => frameMessage(new TextEncoder().encode(text));

Deno.test("VerifyingRegistry holds a request back until its token is verified", async () => {
  const held = new HeldVerification();
  const { grpc, heard } = newServer(held, true);
  const stream = openStream(grpc, { ":path": "/s/unary", token: "t" });
  deliver(stream, message("request"));
  stream.listener?.end();
  assert.deepEqual([held.asked, heard], [["t"], []]);
  await held.finish();
  assert.deepEqual([heard, stream.status], [["request"], "0"]);
  grpc.close();
});

Deno.test("VerifyingRegistry keeps the messages of a stream in order", async () => {
  const held = new HeldVerification();
  const { grpc, heard } = newServer(held, true);
  const stream = openStream(grpc, { ":path": "/s/stream", token: "t" });
  for (const text of ["a", "b"]) deliver(stream, message(text));
  stream.listener?.end();
  assert.deepEqual([held.asked, heard], [["t"], []]);
  await held.finish();
  assert.deepEqual([heard, stream.status], [["a", "b", "end"], "0"]);
  grpc.close();
});

Deno.test("VerifyingRegistry does not serve a client that went away meanwhile", async () => {
  const held = new HeldVerification();
  const { grpc, heard } = newServer(held, true);
  for (const path of ["/s/unary", "/s/stream"]) {
    const stream = openStream(grpc, { ":path": path, token: "t" });
    deliver(stream, message("request"));
    if (path === "/s/unary") stream.listener?.end();
    stream.listener?.closed(8);
  }
  await held.finish();
  assert.deepEqual(heard, []);
  grpc.close();
});

Deno.test("VerifyingRegistry lets through at once what has nothing to verify", () => {
  for (const [fields, isEnabled] of [[{}, true], [{ token: "t" }, false]] as const) {
    const held = new HeldVerification();
    const { grpc, heard } = newServer(held, isEnabled);
    const stream = openStream(grpc, { ":path": "/s/unary", ...fields });
    deliver(stream, message("request"));
    stream.listener?.end();
    assert.deepEqual([held.asked, heard, stream.status], [[], ["request"], "0"]);
    grpc.close();
  }
});

Deno.test("VerifyingRegistry takes nothing more of a stream while its token waits", async () => {
  const held = new HeldVerification();
  const { grpc } = newServer(held, true);
  const stream = openStream(grpc, { ":path": "/s/stream", token: "t" });
  assert.ok(!stream.paused);
  deliver(stream, message("a"));
  assert.ok(stream.paused);
  await held.finish();
  assert.ok(!stream.paused);
  stream.listener?.end();
  grpc.close();
});

Deno.test("VerifyingRegistry refuses calls whose tokens cannot be looked at", async () => {
  const held = new HeldVerification();
  const { grpc, heard } = newServer(held, true);
  const streams = ["/s/unary", "/s/stream"].map((path) => {
    const stream = openStream(grpc, { ":path": path, token: "t" });
    deliver(stream, message("request"));
    if (path === "/s/unary") stream.listener?.end();
    return stream;
  });
  held.done.reject(ETCD_ERRORS.requestTooManyRequests);
  await held.done.promise.catch(() => {});
  await Promise.resolve();
  for (const { status } of streams) {
    const { code, message } = ETCD_ERRORS.requestTooManyRequests;
    assert.equal(status, `${code} ${message}`);
  }
  assert.deepEqual(heard, []);
  grpc.close();
});

Deno.test("VerifyingRegistry holds only so much of requests whose tokens wait", async () => {
  const held = new HeldVerification();
  const { grpc, heard } = newServer(held, true);
  const large = "x".repeat(1_000_000);
  const most = Math.floor(V3_LIMITS.heldRequestBytes / large.length);
  const ask = (path: string, text: string) => {
    const stream = openStream(grpc, { ":path": path, token: "t" });
    deliver(stream, message(text));
    return stream;
  };
  const streams = Array.from({ length: most }, (_, i) => {
    return ask(i % 2 === 0 ? "/s/unary" : "/s/stream", large);
  });
  const { code, message: text } = ETCD_ERRORS.requestTooManyRequests;
  for (const path of ["/s/unary", "/s/stream"]) {
    assert.equal(ask(path, large).status, `${code} ${text}`);
    streams.push(ask(path, "small"));
  }
  for (const stream of streams) stream.listener?.end();
  await held.finish();
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assert.equal(heard.filter((text) => text !== "end").length, most + 2);
  held.isVerified = false;
  assert.ok(!ask("/s/unary", large).finished, "there is room again");
  grpc.close();
});
