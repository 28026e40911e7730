import assert from "node:assert/strict";
import { textFromBytes } from "../../base/bytes.ts";
import { FakeExchange } from "../../net/http/testing/fake_exchange.ts";
import { AwaitedExchange } from "./awaited_exchange.ts";
import { HeldBodies } from "./held_bodies.ts";
import { HTTP_LIMITS } from "./limits.ts";

const MAX_BYTES = 10;

/** A request whose body is read, and the bodies that are held. */
function reading(held = new HeldBodies()) {
  const exchange = new FakeExchange("/x");
  const awaited = new AwaitedExchange(exchange, held);
  return { held, exchange, awaited, body: awaited.readBody(MAX_BYTES) };
}

Deno.test("AwaitedExchange.readBody() holds a body until it is whole", async () => {
  const { held, exchange, body } = reading();
  exchange.sendBody("hello");
  exchange.sendBody("world");
  assert.equal(held.bytes, 10);
  exchange.endBody();
  const whole = await body;
  assert.ok(typeof whole !== "number");
  assert.deepEqual([textFromBytes(whole), held.bytes], ["helloworld", 0]);
});

Deno.test("AwaitedExchange.readBody() lets go of what is too large, or does not come", async () => {
  const large = reading();
  large.exchange.sendBody("hello");
  large.exchange.sendBody("world!");
  large.exchange.endBody();
  assert.deepEqual([await large.body, large.held.bytes], [413, 0]);
  const half = reading();
  half.exchange.sendBody("hello");
  half.exchange.leave();
  await half.body;
  assert.equal(half.held.bytes, 0);
});

Deno.test("AwaitedExchange.readBody() has room for so many bytes over all requests", async () => {
  const held = new HeldBodies();
  const others = HTTP_LIMITS.heldUserBytes - 5;
  assert.ok(held.grow(others));
  const first = reading(held);
  first.exchange.sendBody("hello");
  const second = reading(held);
  second.exchange.sendBody("x");
  assert.equal(await second.body, 503);
  first.exchange.endBody();
  assert.ok(typeof await first.body !== "number");
  assert.equal(held.bytes, others);
});

Deno.test("AwaitedExchange.whenGone() tells also who asks too late", () => {
  const { exchange, awaited } = reading();
  let toldCount = 0;
  awaited.whenGone(() => toldCount++);
  exchange.leave();
  awaited.whenGone(() => toldCount++);
  assert.equal(toldCount, 2);
});
