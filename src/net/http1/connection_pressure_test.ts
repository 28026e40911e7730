import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Timer } from "../../base/clock.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import type { ExchangeHandler } from "../http/exchange.ts";
import { FakeSocket } from "../http2/testing/fake_socket.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { LOCAL_END } from "../remote_end.ts";
import { Http1Connection } from "./connection.ts";
import { Http1Context } from "./context.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const LARGE_BYTES = 3 * HTTP1_LIMITS.outputHighMarkBytes;

/** A clock that goes on while requests are handled, and runs what is for the next turn. */
class TurnClock extends ManualClock {
  #workedMs = 0;
  #nextTurn: (() => void)[] = [];

  work(durationMs: number): void {
    this.#workedMs += durationMs;
  }

  nextTurn(): void {
    for (const run of this.#nextTurn.splice(0)) run();
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#workedMs;
  }

  override setTimer(delayMs: number, fire: () => void): Timer {
    if (delayMs > 0) return super.setTimer(delayMs, fire);
    this.#nextTurn.push(fire);
    return { cancel() {} };
  }
}

class Talk {
  readonly socket = new FakeSocket();
  readonly clock = new TurnClock();
  handled = 0;
  readonly #connection: Http1Connection;

  constructor(handler: ExchangeHandler) {
    const context = new Http1Context({
      clock: this.clock,
      handler: (exchange) => {
        this.handled++;
        handler(exchange);
      },
    });
    this.#connection = new Http1Connection(this.socket, LOCAL_END, context, () => {});
    this.#connection.start(Buffer.alloc(0));
  }

  say(text: string): void {
    this.socket.emitData(Buffer.from(text, "latin1"));
  }

  end(): void {
    this.#connection.destroy();
    assert.equal(this.clock.timerCount, 0);
  }
}

Deno.test("Http1Connection answers behind a long body only when that is out", async () => {
  const talk = new Talk((exchange) => {
    if (talk.handled === 1) exchange.respond(200, [], "x".repeat(LARGE_BYTES));
    else exchange.respond(200, [], "second");
  });
  talk.say(REQUEST + REQUEST);
  await Promise.resolve();
  const text = talk.socket.take().toString("latin1");
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  assert.equal(body.slice(0, LARGE_BYTES), "x".repeat(LARGE_BYTES));
  assert.match(body.slice(LARGE_BYTES), /^HTTP\/1\.1 200 OK\r\n[^x]*second$/);
  talk.end();
});

Deno.test("Http1Connection begins no request while the client takes no answers", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], "x".repeat(10_000)));
  talk.socket.stuck = true;
  const count = 300;
  talk.say(REQUEST.repeat(count));
  await Promise.resolve();
  const most = 2 * HTTP1_LIMITS.outputHighMarkBytes / 10_000;
  assert.ok(talk.handled < most, `${talk.handled} are answered`);
  talk.socket.stuck = false;
  talk.socket.completeWrites();
  assert.equal(talk.handled, count);
  talk.end();
});

Deno.test("Http1Connection leaves time for others between the requests of a turn", async () => {
  const talk = new Talk((exchange) => {
    talk.clock.work(1);
    exchange.respond(200, [], "");
  });
  const { readTurnMs } = HTTP1_LIMITS;
  const count = 3 * readTurnMs;
  talk.say(REQUEST.repeat(count));
  for (let handled = readTurnMs; handled <= count; handled += readTurnMs) {
    assert.equal(talk.handled, handled);
    await Promise.resolve();
    talk.socket.completeWrites();
    talk.clock.nextTurn();
  }
  assert.equal(talk.socket.paused, false);
  talk.end();
});
