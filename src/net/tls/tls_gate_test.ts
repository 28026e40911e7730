import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../base/clock.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import type { HttpExchange } from "../http/exchange.ts";
import type { Http2Stream } from "../http2/handler.ts";
import { TLS_LIMITS } from "../limits.ts";
import { listen, type Listener, type ListenOptions } from "../listener.ts";
import { closed, connectTo, until } from "../testing/sockets.ts";
import { CertificateDirectory } from "./testing/certificate_directory.ts";
import { openTlsGate, type TlsGateOptions } from "./tls_gate.ts";

const OK: readonly string[] = [":status", "200"];

/** A listener behind a gate, and what came through it or did not. */
interface Served {
  readonly listener: Listener;
  readonly rejections: string[];
  readonly unusable: string[];
  readonly streams: Http2Stream[];
}

/** Answers requests over HTTP/2 by who the client is. */
async function serve(
  gateOptions: Omit<TlsGateOptions, "onRejected" | "onUnusableFiles">,
  listenOptions: Partial<ListenOptions> = {},
): Promise<Served> {
  const [rejections, unusable, streams]: [string[], string[], Http2Stream[]] = [[], [], []];
  const tls = await openTlsGate({
    ...gateOptions,
    onRejected: ({ error }) => rejections.push(error.message),
    onUnusableFiles: ({ message }) => unusable.push(message),
  });
  const listener = await listen({
    address: { host: "127.0.0.1", port: 0 },
    tls,
    plain: false,
    handler: {
      stream(stream) {
        streams.push(stream);
        const body = Buffer.from(JSON.stringify(stream.remote));
        stream.sendHeaders(OK, false);
        stream.sendData(body, 0, body.length, true);
      },
    },
    http1: (exchange) => exchange.respond(200, [], "one\n"),
    ...listenOptions,
  });
  return { listener, rejections, unusable, streams };
}

function trusting({ certificate }: CertificateDirectory): ConnectionOptions {
  return { ca: certificate, servername: "localhost", ALPNProtocols: ["h2"] };
}

function showing(directory: CertificateDirectory): ConnectionOptions {
  const { certificate, key } = directory;
  return { ...trusting(directory), cert: certificate, key };
}

function newSession({ port }: Listener, options: ConnectionOptions): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, options);
  session.on("error", () => {});
  return session;
}

async function get(session: ClientHttp2Session, path = "/"): Promise<string> {
  const stream = session.request({ ":path": path });
  stream.end();
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function secure({ port }: Listener, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", port, ...options });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

Deno.test("TlsGate lets HTTP/2 and HTTP/1.1 through", async () => {
  using directory = new CertificateDirectory();
  const { listener } = await serve(directory.options);
  const session = newSession(listener, trusting(directory));
  const remote = { address: "127.0.0.1", isEncrypted: true };
  assert.deepEqual(JSON.parse(await get(session)), { ...remote, work: {} });
  session.close();
  const answer = await new Promise<string>((resolve, reject) => {
    const url = `https://localhost:${listener.port}/`;
    const options = { ca: directory.certificate, agent: false };
    httpsRequest(url, options, async (response) => {
      let text = "";
      for await (const part of response) text += part;
      resolve(text);
    }).on("error", reject).end();
  });
  assert.equal(answer, "one\n");
  await listener.close({ graceMs: 1_000 });
  assert.equal(listener.connectionCount, 0);
});

Deno.test("TlsGate takes a handshake however its first bytes are cut", async () => {
  using directory = new CertificateDirectory();
  const { listener, rejections } = await serve(directory.options);
  for (const firstBytes of [1, 5, 6, 100]) {
    const relay = await connectTo(listener);
    // The handshake of a client that is elsewhere comes through `relay` in two pieces.
    const { client, hello } = await newHello(directory);
    relay.write(hello.subarray(0, firstBytes));
    await new Promise((resolve) => setTimeout(resolve, 5));
    relay.write(hello.subarray(firstBytes));
    const [answer] = await once(relay, "data");
    assert.equal(answer[0], 0x16);
    relay.destroy();
    client.destroy();
    await closed(relay);
  }
  assert.deepEqual(rejections.filter((message) => message !== "EOF"), []);
  await listener.close({ graceMs: 1_000 });
});

/** The first bytes that a client sends, and the client, which waits for an answer in vain. */
async function newHello(
  directory: CertificateDirectory,
): Promise<{ client: TLSSocket; hello: Buffer }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  const client = connectTls({ host: "127.0.0.1", port, ...trusting(directory) });
  client.on("error", () => {});
  const [accepted] = await once(server, "connection");
  const [hello] = await once(accepted, "data");
  accepted.destroy();
  await new Promise((resolve) => server.close(resolve));
  return { client, hello };
}

Deno.test("TlsGate closes connections whose handshake does not end", async () => {
  using directory = new CertificateDirectory();
  const clock = new ManualClock();
  const { listener, rejections } = await serve({ ...directory.options, clock }, { clock });
  const stalled: Socket[] = [];
  for (let i = 0; i < 50; i++) {
    const socket = await connectTo(listener);
    socket.write("\x16\x03\x01\x02\x00\x01", "latin1");
    stalled.push(socket);
  }
  await until(() => listener.connectionCount === 50);
  await new Promise((resolve) => setTimeout(resolve, 20));
  // Some of them have not even begun.
  for (let turn = 0; turn < 10; turn++) clock.advance(0);
  const session = newSession(listener, trusting(directory));
  await get(session);
  session.close();
  await until(() => listener.connectionCount === 50);
  clock.advance(9_000);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(listener.connectionCount, 50);
  clock.advance(2_000);
  await Promise.all(stalled.map(closed));
  await until(() => listener.connectionCount === 0);
  await until(() => rejections.length === 50);
  assert.deepEqual(new Set(rejections), new Set(["i/o timeout"]));
  assert.equal(clock.timerCount, 0);
  await listener.close({ graceMs: 0 });
});

Deno.test("TlsGate begins no handshake with a client that has gone, and tells of it once", async () => {
  using directory = new CertificateDirectory();
  const clock = new ManualClock();
  const limits = { ...TLS_LIMITS, handshakesPerTurn: 1 };
  const { listener, rejections } = await serve({ ...directory.options, clock, limits }, { clock });
  const sockets: Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = await connectTo(listener);
    socket.write("\x16\x03\x01\x02\x00\x01", "latin1");
    sockets.push(socket);
    await until(() => listener.connectionCount === i + 1);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  // The first is in its handshake; the others wait for their turn.
  sockets[1].resetAndDestroy();
  await until(() => rejections.length === 1);
  for (let turn = 0; turn < 3; turn++) clock.advance(0);
  for (const socket of sockets) socket.resetAndDestroy();
  await until(() => listener.connectionCount === 0);
  await until(() => rejections.length === 3);
  assert.deepEqual(rejections, ["EOF", "EOF", "EOF"]);
  await listener.close({ graceMs: 0 });
});

Deno.test("Listener.close() does not wait for handshakes", async () => {
  using directory = new CertificateDirectory();
  const { listener, rejections } = await serve(directory.options);
  const stalled = await connectTo(listener);
  stalled.write("\x16\x03\x01\x02\x00\x01", "latin1");
  await until(() => listener.connectionCount === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  // The test would not end in time if this waited as long as it may.
  await listener.close({ graceMs: 3_600_000 });
  await closed(stalled);
  await until(() => rejections.length === 1);
  assert.deepEqual(rejections, ["EOF"]);
});

Deno.test("TlsGate turns away who speaks no TLS, or only begins to", async () => {
  using directory = new CertificateDirectory();
  const { listener, rejections } = await serve(directory.options);
  for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x05hello", "\x16\x03\x01"]) {
    const socket = await connectTo(listener);
    socket.write(bytes, "latin1");
    if (bytes.length === 3) socket.end();
    await closed(socket);
  }
  await until(() => rejections.length === 3);
  assert.equal(rejections[0], "tls: first record does not look like a TLS handshake");
  assert.match(rejections[1], /^tls: /);
  assert.equal(rejections[2], "EOF");
  await listener.close({ graceMs: 0 });
});

Deno.test("TlsGate closes who speaks TLS within TLS", async () => {
  using directory = new CertificateDirectory();
  const { listener } = await serve(directory.options);
  const socket = await secure(listener, trusting(directory));
  socket.write("\x16\x03\x01\x02\x00\x01", "latin1");
  await closed(socket);
  await listener.close({ graceMs: 0 });
});

Deno.test("TlsGate closes a connection whose records are broken behind the handshake", async () => {
  using directory = new CertificateDirectory();
  const { listener } = await serve(directory.options);
  for (const request of ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]) {
    const line = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
    line.on("error", () => {});
    const socket = connectTls({
      socket: line,
      ...trusting(directory),
      ALPNProtocols: ["http/1.1"],
    });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    if (request !== "") {
      socket.write(request);
      await once(socket, "data");
    }
    line.write("no record of TLS".repeat(10));
    await until(() => listener.connectionCount === 0);
    line.destroy();
  }
  await listener.close({ graceMs: 0 });
});

Deno.test("TlsGate tells the common name of a client that it trusts", async () => {
  using directory = new CertificateDirectory();
  const { listener, rejections } = await serve({
    ...directory.options,
    requiresClientCertificate: true,
    trustedCaFile: directory.certFile,
  });
  const session = newSession(listener, showing(directory));
  assert.equal(JSON.parse(await get(session)).commonName, "");
  session.close();
  using stranger = new CertificateDirectory();
  for (
    const options of [trusting(directory), { ...showing(stranger), ca: directory.certificate }]
  ) {
    const socket = connectTls({ host: "127.0.0.1", port: listener.port, ...options });
    socket.on("error", () => {});
    await closed(socket);
  }
  await until(() => rejections.length === 2);
  assert.deepEqual(rejections, [
    "tls: client didn't provide a certificate",
    "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  ]);
  await listener.close({ graceMs: 1_000 });
});

Deno.test("TlsGate shows a certificate that was replaced, also to who comes at once", async () => {
  using directory = new CertificateDirectory();
  const { listener, unusable } = await serve(directory.options);
  const old = trusting(directory);
  const session = newSession(listener, old);
  await get(session);
  directory.renew();
  const renewed = newSession(listener, trusting(directory));
  await Promise.all([get(renewed), get(session)]);
  const socket = connectTls({ host: "127.0.0.1", port: listener.port, ...old });
  const [error] = await once(socket, "error");
  assert.match(String(error), /certificate/);
  session.close();
  renewed.close();
  assert.deepEqual(unusable, []);
  await listener.close({ graceMs: 1_000 });
});

Deno.test("TlsGate leaves what nobody reads with the client, and takes all of it later", async () => {
  using directory = new CertificateDirectory();
  let taken: HttpExchange | undefined;
  let receivedBytes = 0;
  const { listener } = await serve(directory.options, {
    http1(exchange) {
      taken = exchange;
      exchange.pause();
      exchange.listener = {
        data: (_bytes, start, end) => receivedBytes += end - start,
        end: () => exchange.respond(200, [], "done\n"),
        closed() {},
        drained() {},
      };
    },
  });
  const socket = await secure(listener, { ...trusting(directory), ALPNProtocols: ["http/1.1"] });
  const body = Buffer.alloc(TLS_LIMITS.unreadBytes + 8 * 1024 * 1024);
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  let isSent = false;
  socket.write(body, () => isSent = true);
  await until(() => taken !== undefined);
  // Far more turns than it takes to send all to somebody who reads.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(!isSent);
  assert.equal(listener.connectionCount, 1);
  let answer = "";
  socket.on("data", (chunk) => answer += String(chunk));
  taken?.resume();
  await closed(socket);
  assert.match(answer, /done\n$/);
  assert.equal(receivedBytes, body.length);
  await listener.close({ graceMs: 0 });
});

/** The clock of the system, but that turns end when the test says so. */
function clockOfTurns(): { readonly clock: Clock; readonly endTurn: () => void } {
  const ends: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    setTimer(delayMs, fire) {
      if (delayMs > 0) return systemClock.setTimer(delayMs, fire);
      ends.push(fire);
      return { cancel() {} };
    },
  };
  return { clock, endTurn: () => ends.splice(0).forEach((end) => end()) };
}

Deno.test("TlsGate reads in one turn no more of a burst than leaves time for others", async () => {
  using directory = new CertificateDirectory();
  const { clock, endTurn } = clockOfTurns();
  let receivedBytes = 0;
  const { listener } = await serve({ ...directory.options, clock }, {
    http1(exchange) {
      exchange.listener = {
        data: (_bytes, start, end) => receivedBytes += end - start,
        end: () => exchange.respond(200, [], "done\n"),
        closed() {},
        drained() {},
      };
    },
  });
  const socket = await secure(listener, { ...trusting(directory), ALPNProtocols: ["http/1.1"] });
  const body = Buffer.alloc(16 * TLS_LIMITS.readTurnBytes);
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  await until(() => receivedBytes >= TLS_LIMITS.readTurnBytes / 2);
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(receivedBytes <= 2 * TLS_LIMITS.readTurnBytes, `${receivedBytes} bytes`);
  await until(() => {
    endTurn();
    return receivedBytes === body.length;
  });
  await closed(socket);
  await listener.close({ graceMs: 0 });
});

Deno.test("Listener lets requests over TLS finish when it closes", async () => {
  using directory = new CertificateDirectory();
  const streams: Http2Stream[] = [];
  const handler = { stream: (stream: Http2Stream) => void streams.push(stream) };
  const { listener } = await serve(directory.options, { handler });
  const session = newSession(listener, trusting(directory));
  const answered = get(session);
  await until(() => streams.length === 1);
  const closing = listener.close({ graceMs: 5_000 });
  streams[0].sendHeaders(OK, false);
  streams[0].sendData(Buffer.from("done"), 0, 4, true);
  assert.equal(await answered, "done");
  await closing;
  assert.equal(listener.connectionCount, 0);
});
