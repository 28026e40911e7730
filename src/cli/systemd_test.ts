import assert from "node:assert/strict";
import { silentLogger } from "../base/log.ts";
import { DatagramSink } from "../net/testing/datagram_sink.ts";
import { notifySystemd } from "./systemd.ts";

const ignore = Deno.build.os !== "linux" || !DatagramSink.isAvailable();

Deno.test({
  name: "notifySystemd() tells the service manager how the service is",
  ignore,
  async fn() {
    const path = `@detcd-notify-${crypto.randomUUID()}`;
    await using sink = await DatagramSink.open(path);
    await notifySystemd("READY=1", { NOTIFY_SOCKET: path }, silentLogger);
    await notifySystemd("STOPPING=1", { NOTIFY_SOCKET: path }, silentLogger);
    assert.equal(await sink.next(), "READY=1");
    assert.equal(await sink.next(), "STOPPING=1");
  },
});

Deno.test("notifySystemd() says nothing unless somebody asked for it", async () => {
  const messages: string[] = [];
  const logger = { ...silentLogger, info: (message: string) => void messages.push(message) };
  await notifySystemd("READY=1", {}, logger);
  await notifySystemd("READY=1", { NOTIFY_SOCKET: "" }, logger);
  assert.deepEqual(messages, []);
});

Deno.test("notifySystemd() logs that nobody listens and goes on", async () => {
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  await notifySystemd("READY=1", { NOTIFY_SOCKET: "/nonexistent/socket" }, logger);
  assert.deepEqual(errors, ["failed to notify systemd"]);
});
