import assert from "node:assert/strict";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { Client } from "../client.ts";
import { FakeTransport } from "../testing/fake_transport.ts";

/** A tag of which the rest is missing. */
const MALFORMED = Uint8Array.of(0x0a);

Deno.test("NamespaceTransport costs only a watch when its server sends what is no response", async () => {
  const network = new FakeTransport();
  await using space = new Client(network).namespace("x/");
  const watch = space.watch("a");
  network.last.receive(MALFORMED);
  await assert.rejects(watch.next(), {
    code: GrpcCode.Internal,
    message: "Cannot read a watch response: it is malformed",
  });
});
