import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { WEBSOCKET_LIMITS } from "../limits.ts";
import { listen } from "../listener.ts";
import { CloseCode } from "./close_codes.ts";
import { Opcode } from "./frame_reader.ts";
import { clientFrame } from "./testing/client_frames.ts";
import { Websocket } from "./websocket.ts";

const FINAL = 0x80;
const NONE = new Uint8Array(0);
/** Only the beginnings of such frames are sent. */
const MASK = [1, 2, 3, 4];

const { PROTOCOL_ERROR, INVALID_DATA, TOO_BIG, NORMAL } = CloseCode;
const { CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG } = Opcode;

/** What a client sends, and the payload of the close frame that answers it. */
type Rule = readonly [what: string, sent: Uint8Array, answer: number | Uint8Array];

function text(opcode: number, payload: string): Buffer {
  return clientFrame(opcode, Buffer.from(payload, "latin1"));
}

function closeFrame(code: number, reason = ""): Buffer {
  const payload = Buffer.concat([
    Uint8Array.of(code >> 8, code & 0xff),
    Buffer.from(reason, "latin1"),
  ]);
  return clientFrame(FINAL | CLOSE, payload);
}

function sequence(...frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(frames);
}

const BYE = closeFrame(NORMAL);
const HALF_TEXT = text(TEXT, "half");

const REFUSED: readonly Rule[] = [
  ["half a close code", clientFrame(FINAL | CLOSE, Uint8Array.of(3)), PROTOCOL_ERROR],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code): Rule => [`the close code ${code}`, closeFrame(code), PROTOCOL_ERROR],
  ),
  ["a reason that is not UTF-8", closeFrame(NORMAL, "\xff"), INVALID_DATA],
  ["a reason that is cut off", closeFrame(NORMAL, "\xe2\x82"), INVALID_DATA],
  ["a text that is not UTF-8", text(FINAL | TEXT, "a\xc0\xafb"), INVALID_DATA],
  ["a text that is cut off", text(FINAL | TEXT, "\xe2\x82"), INVALID_DATA],
  ["half a surrogate pair", text(FINAL | TEXT, "\xed\xa0\x80"), INVALID_DATA],
  [
    "a text that is wrong in its second part",
    sequence(text(TEXT, "\xe2\x82"), text(FINAL | CONTINUATION, "a")),
    INVALID_DATA,
  ],
  ["a reserved bit, RSV1", clientFrame(FINAL | 0x40 | TEXT, NONE), PROTOCOL_ERROR],
  ["a reserved bit, RSV2", clientFrame(FINAL | 0x20 | BINARY, NONE), PROTOCOL_ERROR],
  ["a reserved bit, RSV3", clientFrame(FINAL | 0x10 | PING, NONE), PROTOCOL_ERROR],
  ["a frame without a mask", Uint8Array.of(FINAL | TEXT, 0), PROTOCOL_ERROR],
  ["a ping without a mask", Uint8Array.of(FINAL | PING, 0), PROTOCOL_ERROR],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode): Rule => [`the opcode ${opcode}`, clientFrame(FINAL | opcode, NONE), PROTOCOL_ERROR],
  ),
  ["a ping in parts", clientFrame(PING, NONE), PROTOCOL_ERROR],
  ["a pong in parts", clientFrame(PONG, NONE), PROTOCOL_ERROR],
  ["a close frame in parts", clientFrame(CLOSE, NONE), PROTOCOL_ERROR],
  ["a ping of 126 bytes", clientFrame(FINAL | PING, new Uint8Array(126)), PROTOCOL_ERROR],
  ["a close frame of 126 bytes", clientFrame(FINAL | CLOSE, new Uint8Array(126)), PROTOCOL_ERROR],
  ["a continuation of nothing", clientFrame(FINAL | CONTINUATION, NONE), PROTOCOL_ERROR],
  ["a first part of nothing", clientFrame(CONTINUATION, NONE), PROTOCOL_ERROR],
  ["a text within a text", sequence(HALF_TEXT, text(FINAL | TEXT, "x")), PROTOCOL_ERROR],
  ["bytes within a text", sequence(HALF_TEXT, text(BINARY, "x")), PROTOCOL_ERROR],
  [
    "a continuation behind the last part",
    sequence(HALF_TEXT, text(FINAL | CONTINUATION, "x"), text(FINAL | CONTINUATION, "x")),
    PROTOCOL_ERROR,
  ],
  [
    "a length of 125 in two bytes",
    Uint8Array.of(FINAL | BINARY, 0x80 | 126, 0, 125, ...MASK),
    PROTOCOL_ERROR,
  ],
  [
    "a length of 65 535 in eight bytes",
    Uint8Array.of(FINAL | BINARY, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...MASK),
    PROTOCOL_ERROR,
  ],
  [
    "a negative length",
    Uint8Array.of(FINAL | BINARY, 0x80 | 127, 0x80, 0, 0, 0, 0, 1, 0, 0, ...MASK),
    PROTOCOL_ERROR,
  ],
  ["a message over the limit", frameHead(BINARY, WEBSOCKET_LIMITS.maxMessageBytes + 1), TOO_BIG],
  [
    "a message over the limit with its second part",
    sequence(HALF_TEXT, frameHead(CONTINUATION, WEBSOCKET_LIMITS.maxMessageBytes)),
    TOO_BIG,
  ],
  ["the largest length", frameHead(BINARY, 2 ** 53), TOO_BIG],
];

const ANSWERED: readonly Rule[] = [
  ["a close frame without a code", clientFrame(FINAL | CLOSE, NONE), NONE],
  ...[1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999].map(
    (code): Rule => [`the close code ${code}`, closeFrame(code, "gr\xc3\xbcn"), code],
  ),
  ["a close code with as long a reason as can be", closeFrame(NORMAL, "x".repeat(123)), NORMAL],
  ["a close frame within a text", sequence(HALF_TEXT, BYE), NORMAL],
  ["a pong that nobody asked for", sequence(clientFrame(FINAL | PONG, NONE), BYE), NORMAL],
  [
    "a text cut within a character",
    sequence(
      text(TEXT, "\xe2"),
      text(CONTINUATION, "\x82"),
      text(FINAL | CONTINUATION, "\xac"),
      BYE,
    ),
    NORMAL,
  ],
  ["bytes that are no text", sequence(text(FINAL | BINARY, "\xff"), BYE), NORMAL],
  ["what comes behind a close frame", sequence(BYE, Uint8Array.of(0xff, 0xff)), NORMAL],
];

/** The beginning of a frame that never comes whole. */
function frameHead(opcode: number, sizeBytes: number): Buffer {
  const head = Buffer.alloc(14);
  head.set([FINAL | opcode, 0x80 | 127]);
  head.writeBigUInt64BE(BigInt(sizeBytes), 2);
  return head;
}

/** All that a server says to a client that sends this, behind its answer to the handshake. */
function answerTo(port: number, sent: Uint8Array): Promise<Buffer> {
  const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa("x".repeat(16))}\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(Buffer.concat([Buffer.from(request), sent]));
    });
    socket.on("data", (chunk: Buffer) => parts.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const bytes = Buffer.concat(parts);
      resolve(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4));
    });
  });
}

function closeOf(payload: number | Uint8Array): Buffer {
  const bytes = typeof payload === "number" ? Uint8Array.of(payload >> 8, payload & 0xff) : payload;
  return Buffer.from([FINAL | CLOSE, bytes.length, ...bytes]);
}

for (
  const [title, rules] of [["refuses what breaks the rules", REFUSED], [
    "answers",
    ANSWERED,
  ]] as const
) {
  Deno.test(`Websocket ${title}`, async (t) => {
    let closedCount = 0;
    const listener = await listen({
      address: { host: "127.0.0.1", port: 0 },
      handler: { stream: () => assert.fail("no HTTP/2 here") },
      http1: (exchange) => {
        Websocket.open(exchange, [], { part() {}, drained() {}, closed: () => closedCount++ });
      },
    });
    for (const [what, sent, answer] of rules) {
      await t.step(what, async () => {
        closedCount = 0;
        assert.deepEqual(await answerTo(listener.port, sent), closeOf(answer));
        assert.equal(closedCount, 1, "its owner hears of the end, once");
      });
    }
    await listener.close({ graceMs: 1_000 });
  });
}

Deno.test("Websocket answers pings within a message, with what they say", async () => {
  const listener = await listen({
    address: { host: "127.0.0.1", port: 0 },
    handler: { stream: () => assert.fail("no HTTP/2 here") },
    http1: (exchange) => {
      Websocket.open(exchange, [], { part() {}, drained() {}, closed() {} });
    },
  });
  const payload = Buffer.alloc(WEBSOCKET_LIMITS.maxControlBytes, "x");
  const sent = sequence(
    HALF_TEXT,
    clientFrame(FINAL | PING, NONE),
    clientFrame(FINAL | PING, payload),
    text(FINAL | CONTINUATION, ""),
    BYE,
  );
  assert.deepEqual(
    await answerTo(listener.port, sent),
    sequence(
      Uint8Array.of(FINAL | PONG, 0),
      Uint8Array.of(FINAL | PONG, payload.length),
      payload,
      closeOf(NORMAL),
    ),
  );
  await listener.close({ graceMs: 1_000 });
});
