import assert from "node:assert/strict";
import type { HttpExchange } from "../http/exchange.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { Talk } from "./testing/talk.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const LARGE_BYTES = 20 * HTTP1_LIMITS.outputHighMarkBytes;

Deno.test("Http1Connection.closeWhenIdle() lets an answer out that is complete", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "x".repeat(LARGE_BYTES)));
  await talk.say(REQUEST);
  talk.takeOne();
  talk.connection.closeWhenIdle();
  assert.equal(talk.socket.destroyed, false);
  talk.takeAll();
  assert(talk.received.endsWith("x".repeat(LARGE_BYTES)));
  assert.equal(talk.socket.ended, true);
  talk.end();
});

Deno.test("Http1Connection.closeWhenIdle() ends the connection behind an answer that has begun", async () => {
  const waiting: HttpExchange[] = [];
  const talk = new Talk((exchange) => {
    exchange.begin(200, []);
    waiting.push(exchange);
  });
  await talk.say(REQUEST);
  talk.connection.closeWhenIdle();
  assert.equal(talk.socket.ended, false);
  waiting[0].end();
  await Promise.resolve();
  talk.takeAll();
  assert(talk.received.endsWith("\r\n\r\n0\r\n\r\n"), talk.received);
  assert.equal(talk.socket.ended, true);
  talk.end();
});

Deno.test("Http1Connection gives up a request whose client sends no more", async () => {
  let closedCount = 0;
  const none = (): void => {};
  const talk = new Talk((exchange) => {
    exchange.listener = { data: none, end: none, drained: none, closed: () => closedCount++ };
  });
  await talk.say(REQUEST);
  talk.socket.emit("end");
  assert.deepEqual([closedCount, talk.socket.destroyed], [1, true]);
  talk.end();
});

Deno.test("Http1Connection.closeWhenIdle() closes at once when nothing is on its way", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "ok"));
  await talk.say(REQUEST);
  talk.takeAll();
  talk.connection.closeWhenIdle();
  assert.equal(talk.socket.destroyed, true);
  talk.end();
});

Deno.test("Http1Connection waits for a client that takes a long answer slowly", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "x".repeat(LARGE_BYTES)));
  await talk.say(REQUEST);
  for (let i = 0; i < 10; i++) {
    talk.clock.advance(HTTP1_LIMITS.writeStallTimeoutMs / 2);
    assert.equal(talk.socket.destroyed, false, `while write ${i} is under way`);
    talk.takeOne();
  }
  talk.takeAll();
  assert(talk.received.endsWith("x".repeat(LARGE_BYTES)));
  talk.clock.advance(HTTP1_LIMITS.keepAliveTimeoutMs - 2 * HTTP1_LIMITS.sweepIntervalMs);
  assert.equal(talk.socket.destroyed, false, "it may ask again as long as any other");
  talk.clock.advance(3 * HTTP1_LIMITS.sweepIntervalMs);
  assert.equal(talk.socket.destroyed, true);
  talk.end();
});

Deno.test("Http1Connection waits no longer for the rest of a body that nobody wants", async () => {
  const ways: readonly ((exchange: HttpExchange) => void)[] = [
    (exchange) => exchange.pause(),
    (exchange) => exchange.allowSlowBody(),
  ];
  for (const allow of ways) {
    const talk = new Talk((exchange) => {
      allow(exchange);
      exchange.respond(400, [], "no");
    });
    await talk.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhell");
    talk.takeAll();
    assert.match(talk.received, /^HTTP\/1\.1 400 /);
    talk.clock.advance(HTTP1_LIMITS.requestTimeoutMs + HTTP1_LIMITS.sweepIntervalMs);
    assert.equal(talk.socket.destroyed, true);
    talk.end();
  }
});
