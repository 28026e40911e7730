import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ManualClock } from "../../base/manual_clock.ts";
import type { ExchangeHandler, HttpExchange } from "../http/exchange.ts";
import { FakeSocket } from "../http2/testing/fake_socket.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { LOCAL_END } from "../remote_end.ts";
import { Http1Connection } from "./connection.ts";
import { Http1Context } from "./context.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const LARGE_BYTES = 20 * HTTP1_LIMITS.outputHighMarkBytes;

/** A connection whose client takes what it is sent in pieces. */
class Talk {
  readonly socket = new FakeSocket();
  readonly clock = new ManualClock();
  readonly connection: Http1Connection;
  received = "";

  constructor(handler: ExchangeHandler) {
    const context = new Http1Context({ clock: this.clock, handler });
    this.connection = new Http1Connection(this.socket, LOCAL_END, context, () => {});
    this.connection.start(Buffer.alloc(0));
  }

  say(text: string): void {
    this.socket.emitData(Buffer.from(text, "latin1"));
  }

  /** Takes one write; what it lets go out next is not taken. */
  takeOne(): void {
    this.socket.completeWrite();
    this.received += this.socket.takeWritten().toString("latin1");
  }

  /** Takes everything. */
  takeAll(): void {
    this.received += this.socket.take().toString("latin1");
  }

  end(): void {
    this.connection.destroy();
    assert.equal(this.clock.timerCount, 0);
  }
}

Deno.test("Http1Connection.closeWhenIdle() lets an answer out that is complete", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "x".repeat(LARGE_BYTES)));
  talk.say(REQUEST);
  await Promise.resolve();
  talk.takeOne();
  talk.connection.closeWhenIdle();
  assert.equal(talk.socket.destroyed, false);
  talk.takeAll();
  assert(talk.received.endsWith("x".repeat(LARGE_BYTES)));
  assert.equal(talk.socket.ended, true);
  talk.end();
});

Deno.test("Http1Connection.closeWhenIdle() closes at once when nothing is on its way", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "ok"));
  talk.say(REQUEST);
  await Promise.resolve();
  talk.takeAll();
  talk.connection.closeWhenIdle();
  assert.equal(talk.socket.destroyed, true);
  talk.end();
});

Deno.test("Http1Connection waits for a client that takes a long answer slowly", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "x".repeat(LARGE_BYTES)));
  talk.say(REQUEST);
  await Promise.resolve();
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
    talk.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhell");
    await Promise.resolve();
    talk.takeAll();
    assert.match(talk.received, /^HTTP\/1\.1 400 /);
    talk.clock.advance(HTTP1_LIMITS.requestTimeoutMs + HTTP1_LIMITS.sweepIntervalMs);
    assert.equal(talk.socket.destroyed, true);
    talk.end();
  }
});
