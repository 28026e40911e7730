import assert from "node:assert/strict";
import { GrpcServer } from "../../net/grpc/server.ts";
import { systemClock } from "../../base/clock.ts";
import { FakeExchange } from "../../net/http/testing/fake_exchange.ts";
import { Gateway } from "./gateway.ts";
import { lazyGateway } from "./lazy_gateway.ts";

const PATH = "/v3/kv/range";

function newGateway(): Gateway {
  const sizes = { maxReceiveMessageBytes: 1000, maxSendMessageBytes: 1000 };
  const grpc = new GrpcServer({ clock: systemClock, ...sizes });
  return new Gateway({ grpc, maxMessageBytes: 1000, usesCommonNames: () => false });
}

function nobodyExpected(error: unknown): void {
  throw error;
}

async function untilFinished(exchange: FakeExchange): Promise<void> {
  while (!exchange.finished) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("lazyGateway() gives the gateway what came while it was loaded", async () => {
  const loading = Promise.withResolvers<Gateway>();
  const handle = lazyGateway(() => loading.promise, nobodyExpected);
  const exchange = new FakeExchange(PATH);
  handle(exchange, PATH);
  assert.ok(exchange.paused);
  exchange.sendBody("{");
  exchange.endBody();
  loading.resolve(newGateway());
  await untilFinished(exchange);
  assert.deepEqual([exchange.status, exchange.body], [
    400,
    '{"code":3,"message":"unexpected EOF"}',
  ]);
  assert.ok(!exchange.paused);
});

Deno.test("lazyGateway() refuses a request when the gateway cannot be loaded, and tries again", async () => {
  let isThere = false;
  const handle = lazyGateway(
    () => isThere ? Promise.resolve(newGateway()) : Promise.reject(new Error("no such file")),
    nobodyExpected,
  );
  const refused = new FakeExchange(PATH);
  handle(refused, PATH);
  await untilFinished(refused);
  assert.equal(refused.status, 500);
  assert.match(refused.body, /"code":13,.*cannot be loaded: no such file/);
  isThere = true;
  const answered = new FakeExchange(PATH, [], { method: "GET" });
  handle(answered, PATH);
  await untilFinished(answered);
  assert.equal(answered.status, 501);
});
