import assert from "node:assert/strict";
import { join } from "node:path";
import { openUnixDatagram, type UnixDatagramSender } from "./unix_datagram.ts";
import { LibcSender } from "./unix_datagram_libc.ts";
import { DatagramSink } from "./testing/datagram_sink.ts";

const ignore = Deno.build.os !== "linux" || !DatagramSink.isAvailable();

async function checkBoth(
  open: (path: string) => UnixDatagramSender,
  path: string,
): Promise<void> {
  await using sink = await DatagramSink.open(path);
  const sender = open(path);
  try {
    await sender.send(new TextEncoder().encode("READY=1"));
    await sender.send(new TextEncoder().encode("x".repeat(20_000)));
  } finally {
    sender.close();
  }
  assert.equal(await sink.next(), "READY=1");
  assert.equal(await sink.next(), "x".repeat(20_000));
}

for (
  const { way, open } of [
    { way: "openUnixDatagram()", open: openUnixDatagram },
    { way: "LibcSender", open: (path: string) => new LibcSender(path) },
  ]
) {
  Deno.test({
    name: `${way} sends to a socket in the file system`,
    ignore,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        await checkBoth(open, join(directory, "socket"));
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });

  Deno.test({
    name: `${way} sends to a socket in the abstract namespace`,
    ignore,
    fn: () => checkBoth(open, `@detcd-test-${crypto.randomUUID()}`),
  });

  Deno.test({
    name: `${way} rejects what nobody listens for`,
    ignore,
    async fn() {
      const sender = open("/nonexistent/socket");
      await assert.rejects(sender.send(new Uint8Array(1)));
      sender.close();
    },
  });
}

Deno.test({
  name: "LibcSender waits for who takes nothing, and nobody else does",
  ignore,
  async fn() {
    const path = `@detcd-test-${crypto.randomUUID()}`;
    const sink = await DatagramSink.open(path);
    sink.freeze();
    const sender = new LibcSender(path);
    // The system holds some datagrams; the one behind them waits.
    for (let isTaken = true; isTaken;) {
      const sending = sender.send(new Uint8Array(20_000));
      const { promise: waited, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), 100);
      isTaken = await Promise.race([sending.then(() => true), waited]);
      clearTimeout(timer);
      if (isTaken) continue;
      await sink[Symbol.asyncDispose]();
      await assert.rejects(sending);
    }
    sender.close();
  },
});
