import assert from "node:assert/strict";
import { ErrorCode, Flag, LARGEST_STREAM_ID } from "./protocol.ts";
import { bareRequest, block, data, frame, goAway, headers, ping } from "./testing/frames.ts";
import { RawClient } from "./testing/raw_client.ts";

const OK: readonly string[] = [":status", "200"];
const FIRST_GOAWAY = `GOAWAY ${LARGEST_STREAM_ID} 0`;

async function goneAway(...ids: number[]): Promise<RawClient> {
  const client = new RawClient();
  client.send(...ids.map(bareRequest));
  client.connection.goAway();
  await client.turn();
  assert.deepEqual(client.told(), [FIRST_GOAWAY, "PING detcd-go"]);
  return client;
}

Deno.test("Http2Connection.goAway() lets streams under way begin and open ones finish", async () => {
  const client = await goneAway(1);
  client.send(bareRequest(3), ping("detcd-go", Flag.ACK));
  assert.deepEqual(client.told(), ["GOAWAY 3 0"]);
  assert.equal(client.requests.length, 2);
  client.requests[0].stream.sendHeaders(OK, true);
  await client.turn();
  assert.deepEqual(client.told(), ["HEADERS 1 END_STREAM :status=200"]);
  assert.equal(client.socket.ended, false);
  client.requests[1].stream.sendHeaders(OK, true);
  await client.turn();
  assert.deepEqual(client.told(), ["HEADERS 3 END_STREAM :status=200"]);
  assert.equal(client.socket.ended, true);
  assert.equal(client.socket.destroyed, false);
  client.clock.advance(3_000);
  assert.equal(client.socket.destroyed, true, "the client does not close");
  assert.equal(client.closeCount, 1);
});

Deno.test("Http2Connection ignores new streams behind the last GOAWAY", async () => {
  const client = await goneAway(1);
  client.send(ping("detcd-go", Flag.ACK));
  client.told();
  // Header blocks are still decoded: the next one that counts may refer to them.
  client.send(headers(3, [":method", "POST"]), data(3, "x"), data(3, "", true));
  client.send(frame(1, Flag.NONE, 5, block("x", "y")), frame(9, Flag.END_HEADERS, 5, ""));
  client.send(bareRequest(7));
  assert.equal(client.requests.length, 1);
  assert.deepEqual(client.told(), []);
  client.send(frame(1, Flag.END_HEADERS, 9, "\x80"));
  assert.deepEqual(client.told(), [`GOAWAY 1 ${ErrorCode.COMPRESSION_ERROR}`]);
});

Deno.test("Http2Connection.goAway() ends an idle connection at the ping's answer", async () => {
  const client = await goneAway();
  assert.equal(client.socket.ended, false);
  client.send(ping("detcd-go", Flag.ACK));
  assert.deepEqual(client.told(), ["GOAWAY 0 0"]);
  assert.equal(client.socket.ended, true);
  client.hangUp();
  assert.equal(client.clock.timerCount, 0);
});

Deno.test("Http2Connection.goAway() goes on without an answer to its ping", async () => {
  const client = await goneAway();
  client.clock.advance(1_000);
  await client.turn();
  assert.deepEqual(client.told(), ["GOAWAY 0 0"]);
  assert.equal(client.socket.ended, true);
});

Deno.test("Http2Connection.goAway() twice is as once", async () => {
  const client = await goneAway(1);
  client.connection.goAway();
  await client.turn();
  assert.deepEqual(client.told(), []);
});

Deno.test("Http2Connection.goAway() destroys a connection that has not begun", () => {
  const client = new RawClient({ handshake: false });
  client.connection.goAway();
  assert.equal(client.socket.destroyed, true);
  assert.equal(client.closeCount, 1);
});

Deno.test("Http2Connection ends when a client that goes away has no streams left", async () => {
  const idle = new RawClient();
  idle.send(goAway(0, 0));
  assert.equal(idle.socket.ended, true);
  const busy = new RawClient();
  busy.send(bareRequest(1), goAway(0, 0));
  assert.equal(busy.socket.ended, false);
  busy.requests[0].stream.sendHeaders(OK, true);
  await busy.turn();
  assert.deepEqual(busy.told(), ["HEADERS 1 END_STREAM :status=200"]);
  busy.socket.completeWrites();
  assert.equal(busy.socket.ended, true);
});

Deno.test("Http2Connection ends only after all its output is written", async () => {
  const client = new RawClient();
  client.send(bareRequest(1));
  client.socket.stuck = true;
  client.requests[0].stream.sendHeaders(OK, false);
  await client.turn();
  client.send(data(0, "x"));
  assert.equal(client.socket.ended, false);
  client.socket.stuck = false;
  assert.deepEqual(client.told(), ["HEADERS 1 :status=200", "GOAWAY 1 1"]);
  assert.equal(client.socket.ended, true);
});
