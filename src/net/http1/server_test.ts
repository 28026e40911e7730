import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ManualClock } from "../../base/manual_clock.ts";
import type { HttpExchange } from "../http/exchange.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { listen, type Listener, type ListenOptions } from "../listener.ts";

const GET = "GET /g HTTP/1.1\r\nHost: x\r\n\r\n";

function listenWith(options: Partial<ListenOptions>): Promise<Listener> {
  return listen({
    address: { host: "127.0.0.1", port: 0 },
    handler: { stream: () => assert.fail("no HTTP/2 here") },
    http1: (exchange) => exchange.respond(200, [], "ok"),
    ...options,
  });
}

/** A client that says what it wants, byte by byte. */
class Http1Client {
  readonly socket: Socket;
  received = "";

  constructor(listener: Listener) {
    this.socket = connect(listener.port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => this.received += chunk.toString("latin1"));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** The status lines so far. */
  get answers(): string[] {
    return this.received.match(/HTTP\/1\.1 \d+/g) ?? [];
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }
}

/** Answers what was asked for, with its body, once that is complete. */
function repeat(exchange: HttpExchange): void {
  const parts: Uint8Array[] = [];
  exchange.listener = {
    data: (bytes, start, end) => void parts.push(bytes.slice(start, end)),
    end() {
      const body = Buffer.concat(parts).toString("latin1");
      exchange.respond(200, [], `${exchange.method} ${exchange.target} ${body}`);
    },
    closed() {},
    drained() {},
  };
}

Deno.test("Http1Server keeps a connection open over many requests", async () => {
  const listener = await listenWith({});
  const client = new Http1Client(listener);
  for (let i = 1; i <= 20; i++) {
    client.socket.write(GET);
    await client.until(() => client.answers.length === i);
  }
  client.socket.write(GET + GET + GET);
  await client.until(() => client.answers.length === 23);
  assert.equal(listener.connectionCount, 1);
  client.socket.destroy();
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Http1Server gives the listener the whole request, however it is cut", async () => {
  const listener = await listenWith({ http1: repeat });
  const whole = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  for (let cut = 1; cut < whole.length; cut += 7) {
    const client = new Http1Client(listener);
    client.socket.write(whole.slice(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 2));
    client.socket.write(whole.slice(cut));
    await client.until(() => client.received.endsWith("POST /p hello"));
    client.socket.destroy();
    await client.closed();
  }
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Http1Server answers a request that would upgrade as it is", async () => {
  const listener = await listenWith({});
  const client = new Http1Client(listener);
  client.socket.write(
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n" +
      "HTTP2-Settings: AAMAAABk\r\n\r\n",
  );
  await client.until(() => client.answers.length === 1);
  client.socket.write(GET);
  await client.until(() => client.answers.length === 2);
  assert.deepEqual(client.answers, ["HTTP/1.1 200", "HTTP/1.1 200"]);
  client.socket.destroy();
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Http1Server answers 431 to headers beyond its bound and 400 to nonsense", async () => {
  const limits = { ...HTTP1_LIMITS, maxHeaderBytes: 2_000 };
  const listener = await listenWith({ http1Limits: limits });
  const large = new Http1Client(listener);
  large.socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${"y".repeat(4_000)}\r\n\r\n`);
  await large.closed();
  assert.deepEqual(large.answers, ["HTTP/1.1 431"]);
  const nonsense = new Http1Client(listener);
  nonsense.socket.write("nonsense\r\n\r\n");
  await nonsense.closed();
  assert.deepEqual(nonsense.answers, ["HTTP/1.1 400"]);
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Http1Server closes idle connections at once and busy ones behind the answer", async () => {
  const waiting: HttpExchange[] = [];
  const listener = await listenWith({
    http1: (exchange) => {
      if (exchange.target === "/slow") waiting.push(exchange);
      else exchange.respond(200, [], "ok");
    },
  });
  const idle = new Http1Client(listener);
  idle.socket.write(GET);
  const busy = new Http1Client(listener);
  busy.socket.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  await idle.until(() => idle.answers.length === 1 && waiting.length === 1);
  const closing = listener.close({ graceMs: 5_000 });
  await idle.closed();
  waiting[0].respond(200, [], "at last");
  await busy.closed();
  assert(busy.received.endsWith("at last"), busy.received);
  await closing;
});

Deno.test("Http1Server closes connections that are too slow, and only those", async () => {
  const clock = new ManualClock();
  const waiting: HttpExchange[] = [];
  const listener = await listenWith({
    clock,
    http1: (exchange) => {
      if (exchange.target === "/g") exchange.respond(200, [], "ok");
      else waiting.push(exchange);
    },
  });
  const headless = new Http1Client(listener);
  headless.socket.write("GET /x HTTP/1.1\r\nHost:");
  const bodiless = new Http1Client(listener);
  bodiless.socket.write("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhell");
  const patient = new Http1Client(listener);
  patient.socket.write("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  const idle = new Http1Client(listener);
  idle.socket.write(GET);
  await idle.until(() => idle.answers.length === 1 && waiting.length === 2);
  clock.advance(HTTP1_LIMITS.headersTimeoutMs + 1_000);
  await headless.closed();
  assert.equal(listener.connectionCount, 3);
  clock.advance(HTTP1_LIMITS.keepAliveTimeoutMs);
  await Promise.all([idle.closed(), bodiless.closed()]);
  await idle.until(() => listener.connectionCount === 1);
  clock.advance(1_000_000);
  waiting[1].respond(200, [], "patience");
  await patient.until(() => patient.received.endsWith("patience"));
  patient.socket.destroy();
  await listener.close({ graceMs: 1_000 });
  assert.equal(clock.timerCount, 0);
});

Deno.test("Http1Server closes a connection whose peer does not read", async () => {
  const clock = new ManualClock();
  const listener = await listenWith({
    clock,
    http1: (exchange) => exchange.respond(200, [], Buffer.alloc(20_000_000)),
  });
  const client = new Http1Client(listener);
  client.socket.pause();
  client.socket.write(GET);
  await new Promise((resolve) => setTimeout(resolve, 100));
  clock.advance(HTTP1_LIMITS.writeStallTimeoutMs - 1_000);
  assert.equal(listener.connectionCount, 1);
  clock.advance(3_000);
  await client.until(() => listener.connectionCount === 0);
  client.socket.destroy();
  await listener.close({ graceMs: 1_000 });
});
