import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { HttpExchange, Tunnel, TunnelListener } from "../http/exchange.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { Talk } from "./testing/talk.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n";

Deno.test("Http1Connection refuses a head whose lines end in LF alone", async () => {
  const talk = new Talk(() => assert.fail("no request was understood"));
  await talk.say("GET / HTTP/1.1\nHost: x\n\n");
  talk.takeAll();
  assert.match(talk.received, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.equal(talk.socket.ended, true);
  talk.end();
});

Deno.test("Http1Connection tells an old client that it may ask again", async () => {
  const talk = new Talk((exchange) => exchange.respond(200, [], ""));
  await talk.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  talk.takeAll();
  assert.match(talk.received, /\r\nConnection: keep-alive\r\n/);
  assert.equal(talk.socket.ended, false);
  talk.end();
});

Deno.test("Http1Connection announces no length where there can be no body", async () => {
  for (const status of [204, 304]) {
    const talk = new Talk((exchange) => exchange.respond(status, [], "a body"));
    await talk.say(GET);
    talk.takeAll();
    assert.match(talk.received, /\r\n\r\n$/);
    assert.doesNotMatch(talk.received, /Content-Length|Transfer-Encoding/);
    talk.end();
  }
});

Deno.test("Http1Connection sends a long body as it was when it was given", async () => {
  const body = Buffer.alloc(3 * HTTP1_LIMITS.outputHighMarkBytes, "x");
  const talk = new Talk((exchange) => {
    exchange.respond(200, [], body);
    body.fill("y");
  });
  await talk.say(GET);
  talk.takeAll();
  assert(talk.received.endsWith("\r\n\r\n" + "x".repeat(body.length)));
  talk.end();
});

Deno.test("Http1Connection keeps a body back while its exchange is paused", async () => {
  let body = "";
  let isWhole = false;
  const exchanges: HttpExchange[] = [];
  const talk = new Talk((exchange) => {
    exchanges.push(exchange);
    exchange.listener = {
      data: (bytes, start, end) => {
        body += Buffer.from(bytes.subarray(start, end)).toString("latin1");
        exchange.pause();
      },
      end: () => isWhole = true,
      closed() {},
      drained() {},
    };
  });
  await talk.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  await talk.say("lo");
  assert.equal(body, "hel");
  exchanges[0].resume();
  assert.deepEqual([body, isWhole], ["hello", true]);
  talk.end();
});

/** A tunnel to the test, with what comes out of it; undefined if none could be made. */
async function openTunnel(
  request: string,
): Promise<{ talk: Talk; tunnel: Tunnel | undefined; said: () => string }> {
  let said = "";
  let tunnel: Tunnel | undefined;
  const listener: TunnelListener = {
    data: (bytes, start, end) =>
      void (said += Buffer.from(bytes.subarray(start, end)).toString("latin1")),
    closed() {},
    drained: () => void (said += "(drained)"),
    closeSoon: () => tunnel?.end(),
  };
  const talk = new Talk((exchange) => {
    tunnel = exchange.upgrade(["upgrade", "echo"], listener);
    if (tunnel === undefined) exchange.respond(400, [], "");
  });
  await talk.say(request);
  return { talk, tunnel, said: () => said };
}

Deno.test("Http1Connection makes a tunnel, and gives it what came with the request", async () => {
  const { talk, tunnel, said } = await openTunnel(`${UPGRADE}\r\nhello `);
  await talk.say("tunnel");
  assert.equal(said(), "hello tunnel");
  tunnel?.send(Buffer.from("bye"), 0, 3);
  tunnel?.end();
  talk.takeAll();
  assert.match(talk.received, /^HTTP\/1\.1 101 Switching Protocols\r\n[^]*\r\n\r\nbye$/);
  assert.equal(talk.socket.ended, true);
  talk.end();
});

Deno.test("Http1Connection makes no tunnel behind a body", async () => {
  const { talk, tunnel } = await openTunnel(`${UPGRADE}Content-Length: 2\r\n\r\nhi`);
  assert.equal(tunnel, undefined);
  talk.end();
});

Deno.test("Http1Connection reads from a tunnel only while its listener wants to, and answers go out", async () => {
  const { talk, tunnel, said } = await openTunnel(`${UPGRADE}\r\n`);
  tunnel?.pause(true);
  assert.equal(talk.socket.paused, true);
  tunnel?.pause(false);
  assert.equal(talk.socket.paused, false);
  const large = Buffer.alloc(2 * HTTP1_LIMITS.outputHighMarkBytes);
  assert.equal(tunnel?.send(large, 0, large.length), false);
  await talk.say("more");
  assert.equal(talk.socket.paused, true);
  talk.takeAll();
  assert.equal(talk.socket.paused, false);
  assert.equal(said(), "more(drained)");
  talk.end();
});

Deno.test("Http1Connection tells a tunnel that the server is about to stop", async () => {
  const { talk } = await openTunnel(`${UPGRADE}\r\n`);
  talk.connection.closeWhenIdle();
  talk.takeAll();
  assert.equal(talk.socket.ended, true);
  talk.end();
});
