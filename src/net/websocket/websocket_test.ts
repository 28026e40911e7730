import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import type { HttpExchange } from "../http/exchange.ts";
import { HTTP1_LIMITS } from "../limits.ts";
import { listen, type Listener } from "../listener.ts";
import { CloseCode } from "./close_codes.ts";
import { type FrameListener, FrameReader, Opcode } from "./frame_reader.ts";
import { wantsWebsocket } from "./handshake.ts";
import { clientFrame } from "./testing/client_frames.ts";
import { Websocket } from "./websocket.ts";

const SEED = 1234;

/** What a reader found, in short. */
class Heard implements FrameListener {
  readonly texts: string[] = [];
  #message = "";

  part(bytes: Uint8Array, isLast: boolean): void {
    this.#message += Buffer.from(bytes).toString("latin1");
    if (!isLast) return;
    this.texts.push(this.#message);
    this.#message = "";
  }

  control(opcode: number, payload: Uint8Array): void {
    this.texts.push(`${opcode}:${Buffer.from(payload).toString("latin1")}`);
  }
}

Deno.test("FrameReader reads messages and what comes between, however they are cut", () => {
  const prng = new Prng(SEED);
  for (let run = 0; run < 500; run++) {
    const expected: string[] = [];
    const frames: Buffer[] = [];
    for (let i = prng.between(1, 5); i > 0; i--) {
      const size = prng.pick([0, 1, 5, 125, 126, 300, 70_000]);
      const payload = Buffer.from(prng.bytes(size));
      const parts = prng.between(1, 3);
      for (let part = 0; part < parts; part++) {
        const slice = payload.subarray(part * size / parts, (part + 1) * size / parts);
        const opcode = part > 0 ? Opcode.CONTINUATION : Opcode.BINARY;
        const isLast = part === parts - 1;
        frames.push(clientFrame((isLast ? 0x80 : 0) | opcode, slice, prng.bytes(4)));
        if (isLast) expected.push(payload.toString("latin1"));
        else if (prng.chance(0.3)) {
          frames.push(clientFrame(0x80 | Opcode.PING, Buffer.from("hi"), prng.bytes(4)));
          expected.push(`${Opcode.PING}:hi`);
        }
      }
    }
    const bytes = Buffer.concat(frames);
    const heard = new Heard();
    const reader = new FrameReader(heard);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + prng.between(1, prng.pick([3, 200, 100_000])));
      reader.read(bytes, at, end);
      at = end;
    }
    assert.deepEqual(heard.texts, expected, `run ${run}, seed ${SEED}`);
  }
});

/** Says everything back, and goodbye at "bye". */
function echo(exchange: HttpExchange): void {
  if (!wantsWebsocket(exchange)) return exchange.respond(200, [], "no websocket");
  let text = "";
  const socket = Websocket.open(exchange, [], {
    part(bytes, isLast) {
      text += Buffer.from(bytes).toString("latin1");
      if (!isLast) return;
      if (text === "bye") return socket?.close();
      const answer = Buffer.from(text, "latin1");
      socket?.sendText(answer, 0, answer.length, true);
      text = "";
    },
    closed() {},
    drained() {},
  });
}

async function withEcho(run: (listener: Listener) => Promise<void>): Promise<void> {
  const listener = await listen({
    address: { host: "127.0.0.1", port: 0 },
    handler: { stream: () => assert.fail("no HTTP/2 here") },
    http1: echo,
  });
  await run(listener);
  await listener.close({ graceMs: 1_000 });
  assert.equal(listener.connectionCount, 0);
}

/** A client's websocket that is open. */
async function open(listener: Listener): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${listener.address}/x`);
  await new Promise((resolve) => socket.onopen = resolve);
  return socket;
}

function nextMessage(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => socket.onmessage = ({ data }) => resolve(String(data)));
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.onclose = ({ code }) => resolve(code));
}

Deno.test("Websocket talks to a client of another make, in messages of all sizes", async () => {
  await withEcho(async (listener) => {
    const socket = await open(listener);
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
      const text = "x".repeat(size);
      const answer = nextMessage(socket);
      socket.send(text);
      assert.equal(await answer, text);
    }
    const closed = closeCode(socket);
    socket.send("bye");
    assert.equal(await closed, CloseCode.NORMAL);
  });
});

Deno.test("Websocket answers a client that says goodbye", async () => {
  await withEcho(async (listener) => {
    const socket = await open(listener);
    const closed = closeCode(socket);
    socket.close(3_000);
    assert.equal(await closed, 3_000);
  });
});

Deno.test("Websocket says that the server goes away", async () => {
  await withEcho(async (listener) => {
    const socket = await open(listener);
    const closed = closeCode(socket);
    await listener.close({ graceMs: HTTP1_LIMITS.lingerTimeoutMs });
    assert.equal(await closed, CloseCode.GOING_AWAY);
  });
});
