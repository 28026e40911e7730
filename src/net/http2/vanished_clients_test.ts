import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createConnection, type Socket } from "node:net";
import { Prng } from "../../base/prng.ts";
import { listen, type Listener } from "../listener.ts";
import type { Http2Stream } from "./handler.ts";
import { data, headers, PREFACE, settings } from "./testing/frames.ts";

const CLIENT_COUNT = 10_000;
const AT_A_TIME = 250;

const OK: readonly string[] = [":status", "200"];
const PAYLOAD = Buffer.alloc(5_000);

/** Counts what the clients leave behind with the layer above. */
class Census {
  begunCount = 0;
  endedCount = 0;

  stream(stream: Http2Stream): void {
    this.begunCount++;
    const gone = (): void => void this.endedCount++;
    stream.listener = { data() {}, end() {}, drained() {}, closed: gone };
    stream.sendHeaders(OK, false);
    // More than the client's window takes: some waits for it when it is gone.
    for (let i = 0; i < 20; i++) stream.sendData(PAYLOAD, 0, PAYLOAD.length, false);
  }
}

/** Everything that a client says; it is cut off somewhere. */
const SPEECH = Buffer.concat([
  PREFACE,
  settings(),
  headers(1),
  data(1, Buffer.alloc(100)),
  headers(3),
  data(3, Buffer.alloc(16_000)),
]);

function vanish(listener: Listener, prng: Prng): Promise<void> {
  const length = prng.chance(0.5) ? SPEECH.length : prng.between(0, SPEECH.length);
  const speech = SPEECH.subarray(0, length);
  const rudely = prng.chance(0.5);
  return new Promise((resolve) => {
    const socket: Socket = createConnection(listener.port, "127.0.0.1", () => {
      socket.write(speech, () => rudely ? socket.resetAndDestroy() : socket.destroy());
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
}

Deno.test(`Listener keeps nothing of ${CLIENT_COUNT} clients that vanish`, async () => {
  const seed = 17;
  const prng = new Prng(seed);
  const census = new Census();
  const listener = await listen({
    address: { host: "127.0.0.1", port: 0 },
    handler: census,
    http1: () => assert.fail("no HTTP/1.1 here"),
  });
  for (let i = 0; i < CLIENT_COUNT; i += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, () => vanish(listener, prng)));
  }
  while (listener.connectionCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert(census.begunCount > CLIENT_COUNT / 2, `${census.begunCount}`);
  assert.equal(census.endedCount, census.begunCount, `seed ${seed}`);
  assert.equal(listener.bufferedBytes, 0);
  await listener.close({ graceMs: 0 });
});
