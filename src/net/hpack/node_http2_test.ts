import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { Prng } from "../../base/prng.ts";
import { HpackDecoder } from "./decoder.ts";
import { HpackEncoder, maxEncodedLength } from "./encoder.ts";

// The coder of node:http2 is somebody else's: what it writes we must read, and the other way round.

const FRAME_HEADER_BYTES = 9;
const HEADERS_FRAME = 1;
const SETTINGS_FRAME = 4;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** Collects the blocks of whole HEADERS frames without padding or priority. */
class BlockReader {
  readonly blocks: Buffer[] = [];
  #pending: Buffer;
  #skipBytes: number;

  constructor(skipBytes: number) {
    this.#pending = Buffer.alloc(0);
    this.#skipBytes = skipBytes;
  }

  push(chunk: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    if (this.#skipBytes > 0 && this.#pending.length >= this.#skipBytes) {
      this.#pending = this.#pending.subarray(this.#skipBytes);
      this.#skipBytes = 0;
    }
    while (this.#skipBytes === 0 && this.#pending.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < end) return;
      if (this.#pending[3] === HEADERS_FRAME) this.#take(end);
      this.#pending = this.#pending.subarray(end);
    }
  }

  #take(end: number): void {
    const flags = this.#pending[4];
    assert.equal(flags & 0x08, 0, "padded");
    assert.notEqual(flags & END_HEADERS, 0, "continued");
    const priorityBytes = (flags & 0x20) === 0 ? 0 : 5;
    this.blocks.push(this.#pending.subarray(FRAME_HEADER_BYTES + priorityBytes, end));
  }
}

function randomRequest(prng: Prng): Record<string, string> {
  const headers: Record<string, string> = {
    ":method": prng.pick(["POST", "PUT"]),
    ":scheme": "http",
    ":authority": "localhost",
    ":path": prng.pick(["/etcdserverpb.KV/Put", "/etcdserverpb.KV/Range", `/x/${prng.uint32()}`]),
    "content-type": "application/grpc",
    "te": "trailers",
  };
  if (prng.chance(0.5)) headers["grpc-timeout"] = `${prng.between(1, 9999)}m`;
  for (let i = prng.between(0, 4); i > 0; i--) {
    headers[`x-${prng.pick(["a", "b", "c", "long-name"])}`] = randomValue(prng);
  }
  return headers;
}

/** Visible ASCII: more is not sure to pass node's own checks. */
function randomValue(prng: Prng): string {
  let text = "v";
  for (let i = prng.between(0, prng.pick([5, 80, 500])); i > 0; i--) {
    text += String.fromCharCode(prng.between(0x21, 0x7e));
  }
  return text;
}

Deno.test("HpackDecoder.decode() reads what node:http2 writes", async () => {
  const seed = 33;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  const requests = Array.from({ length: 300 }, () => randomRequest(prng));
  const reader = new BlockReader(PREFACE.length);
  const { promise: allRead, resolve } = Promise.withResolvers<void>();
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.write(frame(SETTINGS_FRAME, 0, 0, new Uint8Array(0)));
    socket.on("data", (chunk: Uint8Array) => {
      reader.push(chunk);
      if (reader.blocks.length === requests.length) resolve();
    });
  });
  const port = await listen(server);
  const client = http2.connect(`http://127.0.0.1:${port}`);
  client.on("error", () => {});
  for (const headers of requests) {
    client.request(headers, { endStream: true }).on("error", () => {});
  }
  await allRead;
  client.destroy();
  server.close();
  await once(server, "close");

  const decoder = new HpackDecoder({ maxTableSizeBytes: 4096, maxListSizeBytes: 1 << 16 });
  reader.blocks.forEach((block, i) => {
    assert.deepEqual(
      recordOf(decoder.decode(block, 0, block.length).fields),
      { ...requests[i] },
    );
  });
});

Deno.test("HpackEncoder.encode() writes what node:http2 reads", async () => {
  const seed = 34;
  console.log(`seed ${seed}`);
  const prng = new Prng(seed);
  const requests = Array.from({ length: 300 }, () => randomRequest(prng));
  const seen: Record<string, string>[] = [];
  const { promise: allRead, resolve, reject } = Promise.withResolvers<void>();
  const settings = { headerTableSize: 1000 };
  const server = http2.createServer({ settings }, (request, response) => {
    const headers = Object.entries(request.headers);
    seen.push(Object.fromEntries(headers.map(([name, value]) => [name, String(value)])));
    response.end();
    if (seen.length === requests.length) resolve();
  });
  server.on("session", (session) => session.on("error", () => {}));
  const port = await listen(server);
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.on("close", () => reject(new Error("node:http2 gave the connection up")));
  socket.resume();
  socket.write(PREFACE);
  socket.write(frame(SETTINGS_FRAME, 0, 0, new Uint8Array(0)));
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(1000);
  requests.forEach((headers, i) => {
    const fields = Object.entries(headers).flat();
    const target = new Uint8Array(maxEncodedLength(fields));
    const block = target.subarray(0, encoder.encode(fields, target, 0));
    socket.write(frame(HEADERS_FRAME, END_HEADERS | END_STREAM, i * 2 + 1, block));
  });
  await allRead;
  socket.destroy();
  server.close();
  await once(server, "close");
  seen.forEach((headers, i) => assert.deepEqual(headers, requests[i]));
});

function recordOf(fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) record[fields[i]] = fields[i + 1];
  return record;
}

async function listen(server: net.Server | http2.Http2Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(address !== null && typeof address === "object");
  return address.port;
}
