import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { request as http1Request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import type { HeaderList } from "./hpack/header_list.ts";
import { ProtocolSplit } from "./http/http2_exchange.ts";
import type { Http2Handler, Http2Stream } from "./http2/handler.ts";
import { ErrorCode } from "./http2/protocol.ts";
import { data, headers, PREFACE, settings } from "./http2/testing/frames.ts";
import { ManualClock } from "../base/manual_clock.ts";
import { LISTENER_LIMITS } from "./limits.ts";
import { listen, type Listener, type ListenOptions } from "./listener.ts";
import { closed, connectTo, until } from "./testing/sockets.ts";

const OK: readonly string[] = [":status", "200", "content-type", "text/plain"];
const LOCAL = { host: "127.0.0.1", port: 0 };

/** Sends each request's body back, once it is complete. */
const ECHO: Http2Handler = {
  stream(stream: Http2Stream, headers: HeaderList, endStream: boolean): void {
    const parts: Buffer[] = [Buffer.from(headers.get(":path") ?? "")];
    const answer = (): void => {
      const body = Buffer.concat(parts);
      stream.sendHeaders(OK, false);
      stream.sendData(body, 0, body.length, true);
    };
    stream.listener = {
      data: (bytes, start, end) => void parts.push(Buffer.from(bytes.subarray(start, end))),
      end: answer,
      closed: () => {},
      drained: () => {},
    };
    if (endStream) answer();
  },
};

function listenWith(options: Partial<ListenOptions> = {}): Promise<Listener> {
  return listen({
    address: LOCAL,
    handler: ECHO,
    http1: (exchange) => exchange.respond(200, [], "one\n"),
    ...options,
  });
}

function newSession(listener: Listener): ClientHttp2Session {
  const session = connectHttp2(`http://${listener.address}`);
  session.on("error", () => {});
  return session;
}

async function post(session: ClientHttp2Session, path: string, body: string): Promise<string> {
  const stream = session.request({ ":path": path, ":method": "POST" });
  stream.end(body);
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

function get(listener: Listener, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http1Request(`http://${listener.address}${path}`, { agent: false });
    request.on("error", reject);
    request.on("response", async (response) => {
      const parts: Uint8Array[] = [];
      for await (const part of response) parts.push(part);
      resolve(Buffer.concat(parts).toString());
    });
    request.end();
  });
}

Deno.test("listen() serves HTTP/2 and HTTP/1.1 on one port", async () => {
  const listener = await listenWith();
  const session = newSession(listener);
  assert.equal(await post(session, "/a", "-body"), "/a-body");
  assert.equal(await get(listener, "/"), "one\n");
  session.close();
  await listener.close({ graceMs: 1_000 });
  assert.equal(listener.connectionCount, 0);
});

Deno.test("listen() serves a unix socket", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/socket`;
  const listener = await listenWith({ address: { path } });
  assert.equal(listener.address, path);
  assert.equal(listener.port, 0);
  const session = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  assert.equal(await post(session, "/unix", ""), "/unix");
  session.close();
  await listener.close({ graceMs: 1_000 });
  await Deno.remove(directory, { recursive: true });
});

Deno.test("listen() rejects when the address is taken", async () => {
  const listener = await listenWith();
  const again = listenWith({ address: { host: "127.0.0.1", port: listener.port } });
  await assert.rejects(again, /EADDRINUSE|AddrInUse/);
  await listener.close({ graceMs: 0 });
});

Deno.test("Listener tells the protocol however the first bytes are cut", async () => {
  const listener = await listenWith();
  for (const cut of [1, 3, 13, 14, 23, 24, 30]) {
    const socket = await connectTo(listener);
    const whole = Buffer.concat([PREFACE, settings(), headers(1), data(1, "!", true)]);
    socket.write(whole.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(whole.subarray(cut));
    let received = "";
    socket.on("data", (chunk: Buffer) => received += chunk.toString("latin1"));
    await until(() => received.includes("/etcdserverpb.KV/Put!"));
    socket.destroy();
    await closed(socket);
  }
  for (const cut of [1, 2, 5]) {
    const socket = await connectTo(listener);
    const whole = "PRY / HTTP/1.1\r\nHost: x\r\n\r\n";
    socket.write(whole.slice(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(whole.slice(cut));
    const [chunk] = await once(socket, "data");
    assert.match(String(chunk), /^HTTP\/1\.1 200/);
    socket.destroy();
    await closed(socket);
  }
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Listener.close() lets requests finish and ends the rest", async () => {
  const streams: Http2Stream[] = [];
  const listener = await listenWith({ handler: { stream: (stream) => void streams.push(stream) } });
  const session = newSession(listener);
  const goAways: number[] = [];
  session.on("goaway", (code: number) => goAways.push(code));
  const answered = post(session, "/slow", "");
  await until(() => streams.length === 1);
  const idle = await connectTo(listener);
  const silent = newSession(listener);
  await once(silent, "remoteSettings");
  const closing = listener.close({ graceMs: 5_000 });
  await closed(idle);
  await until(() => silent.closed && goAways.length > 0);
  assert.equal(streams[0].finished, false);
  streams[0].sendHeaders(OK, false);
  streams[0].sendData(Buffer.from("done"), 0, 4, true);
  assert.equal(await answered, "done");
  await closing;
  assert.equal(listener.connectionCount, 0);
  assert.deepEqual(new Set(goAways), new Set([constants.NGHTTP2_NO_ERROR]));
});

Deno.test("Listener.close() cuts off what does not finish in time", async () => {
  let closedWith: number | undefined;
  const listener = await listenWith({
    handler: {
      stream(stream) {
        stream.listener = {
          data() {},
          end() {},
          closed: (code) => closedWith = code,
          drained() {},
        };
      },
    },
    http1: () => {},
  });
  const session = newSession(listener);
  const greeted = once(session, "remoteSettings");
  const answered = post(session, "/never", "").catch((error: Error) => error);
  const hanging = get(listener, "/never").catch((error: Error) => error);
  await until(() => listener.connectionCount === 2);
  await greeted;
  await new Promise((resolve) => setTimeout(resolve, 20));
  await listener.close({ graceMs: 30 });
  assert.equal(listener.connectionCount, 0);
  assert.equal(closedWith, ErrorCode.CANCEL);
  assert(await hanging instanceof Error);
  await answered;
  session.destroy();
});

Deno.test("Listener refuses connections beyond its bound", async () => {
  const listener = await listenWith({ listenerLimits: { ...LISTENER_LIMITS, maxConnections: 2 } });
  const kept = [await connectTo(listener), await connectTo(listener)];
  await until(() => listener.connectionCount === 2);
  const refused = await connectTo(listener);
  await closed(refused);
  assert.equal(listener.connectionCount, 2);
  kept[0].destroy();
  await until(() => listener.connectionCount === 1);
  const session = newSession(listener);
  assert.equal(await post(session, "/now", ""), "/now");
  session.close();
  kept[1].destroy();
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Listener closes connections that never say what they are", async () => {
  const clock = new ManualClock();
  const listener = await listenWith({ clock });
  const silent = await connectTo(listener);
  const slow = await connectTo(listener);
  slow.write("PRI ");
  await until(() => listener.connectionCount === 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  clock.advance(19_000);
  assert.equal(listener.connectionCount, 2);
  clock.advance(2_000);
  await Promise.all([closed(silent), closed(slow)]);
  await until(() => listener.connectionCount === 0);
  assert.equal(clock.timerCount, 0);
  await listener.close({ graceMs: 0 });
});

Deno.test("Listener closes HTTP/1.1 connections when nobody answers them", async () => {
  const listener = await listen({ address: LOCAL, handler: ECHO });
  const socket = await connectTo(listener);
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await closed(socket);
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Listener.begin() begins with the connections that were held", async () => {
  const listener = await listenWith({ held: true });
  const session = newSession(listener);
  const answered = post(session, "/early", "");
  const gone = await connectTo(listener);
  gone.write("GET / HTTP/1.1\r\n\r\n");
  await until(() => listener.connectionCount === 2);
  gone.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  listener.begin();
  assert.equal(await answered, "/early");
  session.close();
  await listener.close({ graceMs: 1_000 });
});

Deno.test("Listener.close() closes connections that are still held", async () => {
  const listener = await listenWith({ held: true });
  const socket = await connectTo(listener);
  await until(() => listener.connectionCount === 1);
  // The test would not end in time if this waited as long as it may.
  await listener.close({ graceMs: 3_600_000 });
  await closed(socket);
});

Deno.test("Listener tells nobody of the end of a request that is answered already", async () => {
  let endCount = 0;
  const listener = await listen({
    address: LOCAL,
    handler: new ProtocolSplit(undefined, (exchange) => {
      exchange.listener = { data() {}, end: () => endCount++, closed() {}, drained() {} };
      if (exchange.target === "/now") exchange.respond(200, [], "");
      else setTimeout(() => exchange.respond(200, [], ""), 1);
    }),
  });
  const session = newSession(listener);
  const ask = async (path: string) => {
    const stream = session.request({ ":path": path }, { endStream: true });
    for await (const _ of stream);
  };
  await ask("/now");
  assert.equal(endCount, 0);
  await ask("/later");
  assert.equal(endCount, 1);
  session.close();
  await listener.close({ graceMs: 1_000 });
});
