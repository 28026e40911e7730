import assert from "node:assert/strict";
import { openSocket } from "./http2_session.ts";
import { testLeavesNothing } from "./leak_scenario.ts";

const CLIENTS_AT_A_TIME = 50;
const HOST = "Host: 127.0.0.1\r\n";
const KEY = btoa("large/");
const END = btoa("large0");

/** A client of the gateway that goes away without a word. */
interface Gone {
  readonly text: string;
  /** What it waits for before it goes. */
  readonly until: string;
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function upgrade(frame: string): string {
  return `GET /v3/watch HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa("x".repeat(16))}\r\n\r\n${frame}`;
}

/** A text frame whose mask changes nothing. */
function frame(text: string): string {
  assert(text.length < 126);
  return `\x81${String.fromCharCode(0x80 | text.length)}\0\0\0\0${text}`;
}

const CREATE = `{"create_request":{"key":"${KEY}"}}`;
const HALF_BODY = "POST /v3/watch HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n";

const GONE: readonly Gone[] = [
  { text: post("/v3/watch", CREATE), until: '"created":true' },
  { text: `${HALF_BODY}28\r\n${CREATE} {`, until: '"created":true' },
  {
    text: post("/v3/watch", CREATE.replace("}}", `,"range_end":"${END}","start_revision":"1"}}`)),
    until: '"events":[',
  },
  { text: post("/v3/lease/keepalive", '{"ID":"7"}').replace("10\r", "99\r"), until: '"ID":"7"' },
  { text: post("/v3/kv/put", '{"key":"').replace("8\r", "99\r"), until: "" },
  { text: post("/v3/maintenance/snapshot", "{}"), until: '"blob":"' },
  { text: post("/v3/kv/range", `{"key":"${KEY}","range_end":"${END}"}`), until: '"kvs":[' },
  { text: upgrade(""), until: "101 Switching Protocols" },
  { text: upgrade(frame(CREATE)), until: '"created":true' },
  { text: upgrade(frame(CREATE) + "\x01\xfe"), until: '"created":true' },
];

async function vanish(port: number, { text, until }: Gone, isKilled: boolean): Promise<void> {
  const socket = await openSocket(port);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  await new Promise((resolve) => socket.write(text, "latin1", resolve));
  let received = "";
  if (until !== "") {
    await new Promise<void>((resolve, reject) => {
      socket.on("close", () => reject(new Error(`hung up before ${until}: ${received}`)));
      socket.on("data", (chunk) => {
        received += String(chunk);
        if (received.includes(until)) resolve();
      });
    });
  }
  if (isKilled) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** Some of them have megabytes made for them. */
const SHARE = 5;

testLeavesNothing("2 000 clients of the gateway that vanish", async (port, tenThousand) => {
  const count = tenThousand / SHARE;
  let next = 0;
  await Promise.all(Array.from({ length: CLIENTS_AT_A_TIME }, async () => {
    for (let i = next++; i < count; i = next++) {
      await vanish(port, GONE[i % GONE.length], i % 3 === 0);
    }
  }));
});
