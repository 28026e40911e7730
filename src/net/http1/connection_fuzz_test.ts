import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ManualClock } from "../../base/manual_clock.ts";
import { Prng } from "../../base/prng.ts";
import type { HttpExchange } from "../http/exchange.ts";
import { FakeSocket } from "../http2/testing/fake_socket.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { LOCAL_END } from "../remote_end.ts";
import { Http1Connection } from "./connection.ts";
import { Http1Context } from "./context.ts";

const SEED = 20_261_201;
const SOUND_RUNS = 1_500;
const BROKEN_RUNS = 6_000;

/** How a request is answered, by its target. */
function answer(exchange: HttpExchange): void {
  let body = "";
  exchange.listener = {
    data: (bytes, start, end) => body += Buffer.from(bytes.subarray(start, end)).toString("latin1"),
    end() {
      const text = `${exchange.method} ${exchange.target} ${body}`;
      if (!exchange.target.startsWith("/stream")) return exchange.respond(200, [], text);
      exchange.begin(200, []);
      const bytes = Buffer.from(text, "latin1");
      const half = bytes.length >> 1;
      exchange.send(bytes, 0, half);
      exchange.send(bytes, half);
      exchange.end();
    },
    closed() {},
    drained() {},
  };
  if (exchange.target.startsWith("/early")) exchange.respond(200, [], "early");
}

class Talk {
  readonly socket = new FakeSocket();
  readonly clock = new ManualClock();
  readonly defects: unknown[] = [];
  readonly connection: Http1Connection;
  closed = false;

  constructor(handler = answer) {
    const context = new Http1Context({
      handler,
      clock: this.clock,
      onDefect: (error) => void this.defects.push(error),
    });
    this.connection = new Http1Connection(this.socket, LOCAL_END, context, () => {
      this.closed = true;
    });
    this.connection.start(Buffer.alloc(0));
  }

  /** Sends bytes in random pieces and returns all that comes back. */
  async say(bytes: Buffer, prng: Prng): Promise<string> {
    let received = "";
    for (let at = 0; at < bytes.length && !this.socket.ended && !this.socket.destroyed;) {
      const end = Math.min(bytes.length, at + prng.between(1, prng.pick([3, 50, 5_000])));
      this.socket.emitData(bytes.subarray(at, end));
      at = end;
      if (prng.chance(0.5)) received += this.socket.take().toString("latin1");
    }
    await Promise.resolve();
    return received + this.socket.take().toString("latin1");
  }

  end(): void {
    this.connection.destroy();
    assert.deepEqual(this.defects, []);
    assert.equal(this.closed, true);
    assert.equal(this.clock.timerCount, 0);
  }
}

/** The responses in a text, which must be nothing but responses. */
function responses(text: string, methods: readonly string[]): string[] {
  const bodies: string[] = [];
  let rest = text;
  while (rest !== "") {
    const headEnd = rest.indexOf("\r\n\r\n");
    const head = rest.slice(0, headEnd);
    assert.match(head, /^HTTP\/1\.1 \d{3} [A-Za-z ]+\r\n/);
    rest = rest.slice(headEnd + 4);
    if (head.startsWith("HTTP/1.1 100 ")) continue;
    const length = /^Content-Length: (\d+)$/m.exec(head);
    if (methods[bodies.length] === "HEAD") bodies.push("");
    else if (length !== null) {
      bodies.push(rest.slice(0, Number(length[1])));
      rest = rest.slice(Number(length[1]));
    } else {
      assert.match(head, /^Transfer-Encoding: chunked$/m);
      let body = "";
      for (;;) {
        const lineEnd = rest.indexOf("\r\n");
        const size = parseInt(rest.slice(0, lineEnd), 16);
        body += rest.slice(lineEnd + 2, lineEnd + 2 + size);
        assert.equal(rest.slice(lineEnd + 2 + size, lineEnd + 4 + size), "\r\n");
        rest = rest.slice(lineEnd + 4 + size);
        if (size === 0) break;
      }
      bodies.push(body);
    }
  }
  return bodies;
}

function request(prng: Prng, target: string, method: string, body: string): string {
  const head = `${method} ${target} HTTP/1.1\r\nHost: x\r\nX-${
    "y".repeat(prng.between(1, 30))
  }: z\r\n`;
  if (body === "" && prng.chance(0.5)) return `${head}\r\n`;
  if (prng.chance(0.5)) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const half = body.length >> 1;
  const chunks = [body.slice(0, half), body.slice(half)].filter((chunk) => chunk !== "")
    .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
}

Deno.test("Http1Connection answers each of many requests once and in order, however they are cut", async () => {
  const prng = new Prng(SEED);
  for (let run = 0; run < SOUND_RUNS; run++) {
    const talk = new Talk();
    const expected: string[] = [];
    const methods: string[] = [];
    let text = "";
    for (let i = prng.between(1, 6); i > 0; i--) {
      const target = prng.pick(["/a", "/stream", "/early", "/stream?x"]);
      const method = prng.pick(["GET", "POST", "HEAD", "ODD"]);
      const body = prng.chance(0.5) ? "" : `{"n":"${"b".repeat(prng.between(0, 3_000))}"}`;
      text += request(prng, target, method, body);
      methods.push(method);
      if (method === "HEAD") expected.push("");
      else expected.push(target === "/early" ? "early" : `${method} ${target} ${body}`);
    }
    const answers = responses(await talk.say(Buffer.from(text), prng), methods);
    assert.deepEqual(answers, expected, `run ${run}, seed ${SEED}`);
    assert.equal(talk.socket.ended, false);
    talk.end();
  }
});

Deno.test("Http1Connection takes any bytes without a defect and ends what it cannot understand", async () => {
  const prng = new Prng(SEED + 1);
  let refusedCount = 0;
  for (let run = 0; run < BROKEN_RUNS; run++) {
    const talk = new Talk();
    const body = "x".repeat(prng.between(0, 50));
    const sound = request(prng, "/a", "POST", body) + request(prng, "/stream", "GET", "");
    const bytes = Buffer.from(sound, "latin1");
    for (let i = prng.between(1, 5); i > 0; i--) {
      bytes[prng.between(0, bytes.length - 1)] = prng.pick([0, 10, 13, 32, 58, 59, 128, 255, 48]);
    }
    const answer = await talk.say(bytes, prng);
    if (/^HTTP\/1\.1 (4|5)\d\d /m.test(answer)) {
      refusedCount++;
      assert.equal(talk.socket.ended, true, `run ${run}, seed ${SEED + 1}`);
      // What comes behind is not looked at.
      talk.socket.emitData(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
      assert.equal(talk.socket.take().length, 0);
    }
    talk.end();
  }
  assert(refusedCount > BROKEN_RUNS / 4, String(refusedCount));
});

Deno.test("Http1Connection gives leave to send a body, and closes if it answers before", async () => {
  const prng = new Prng(SEED);
  const head = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  const talk = new Talk();
  assert.equal(await talk.say(Buffer.from(head), prng), "HTTP/1.1 100 Continue\r\n\r\n");
  assert.match(await talk.say(Buffer.from("hi"), prng), /^HTTP\/1\.1 200 OK[^]*POST \/a hi$/);
  talk.end();
  const early = new Talk();
  const answer = await early.say(Buffer.from(head.replace("/a", "/early")), prng);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n/);
  assert.equal(early.socket.ended, true);
  early.end();
});

Deno.test("Http1Connection does not read a long body to its end for an answered request", async () => {
  const prng = new Prng(SEED);
  const talk = new Talk();
  const length = HTTP1_LIMITS.maxDrainedBodyBytes * 4;
  const head = `POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
  await talk.say(Buffer.from(head), prng);
  await talk.say(Buffer.alloc(HTTP1_LIMITS.maxDrainedBodyBytes + 10_000), prng);
  assert.equal(talk.socket.ended, true);
  talk.clock.advance(HTTP1_LIMITS.lingerTimeoutMs + HTTP1_LIMITS.sweepIntervalMs);
  assert.equal(talk.socket.destroyed, true);
  talk.end();
});

Deno.test("Http1Connection stops reading when requests come faster than they are answered", async () => {
  const prng = new Prng(SEED);
  const waiting: HttpExchange[] = [];
  const talk = new Talk((exchange) => void waiting.push(exchange));
  const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  await talk.say(Buffer.from(get.repeat(HTTP1_LIMITS.readPauseBytes / 10)), prng);
  assert.equal(waiting.length, 1);
  assert.equal(talk.socket.paused, true);
  for (let i = 0; i < waiting.length; i++) {
    waiting[i].respond(200, [], "");
    talk.socket.completeWrites();
  }
  assert.equal(talk.socket.paused, false);
  talk.end();
});

Deno.test("Http1Connection closes behind a response of unknown length to an old client", async () => {
  const talk = new Talk();
  const text = "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  const answer = await talk.say(Buffer.from(text), new Prng(SEED));
  assert.match(answer, /\r\nConnection: close\r\n\r\nGET \/stream $/);
  assert.equal(talk.socket.ended, true);
  talk.end();
});

Deno.test("Http1Connection tells an exchange once that its client has gone", async () => {
  let closedCount = 0;
  const talk = new Talk((exchange) => {
    const none = (): void => {};
    exchange.listener = { data: none, end: none, drained: none, closed: () => closedCount++ };
  });
  await talk.say(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), new Prng(SEED));
  talk.socket.emit("close");
  talk.end();
  assert.equal(closedCount, 1);
});

Deno.test("Http1Connection lets no header value begin a line of its own", async () => {
  const talk = new Talk((exchange) =>
    exchange.respond(200, ["x", "a\r\nSet-Cookie: b\u010ac"], "")
  );
  const answer = await talk.say(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), new Prng(SEED));
  assert.match(answer, /^X: a Set-Cookie: b c$/m);
  talk.end();
});
