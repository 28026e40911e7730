import assert from "node:assert/strict";
import { systemClock } from "../../base/clock.ts";
import { GrpcServer } from "../../net/grpc/server.ts";
import {
  deliver,
  type FakeStream,
  frameMessage,
  openStream,
} from "../../net/grpc/testing/fake_stream.ts";
import { LeaseKeepAliveRequest, WatchCreateRequest, WatchRequest } from "../../pb/etcdserverpb.ts";
import * as services from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { startServer, testConfig } from "../../server/testing/server_fixtures.ts";
import { registerServices } from "./services.ts";

const SIZES = { maxReceiveMessageBytes: 1 << 20, maxSendMessageBytes: 1 << 20 };
const OBSERVE = services.ELECTION_SERVICE.observe.path;
const WATCH = services.WATCH_SERVICE.watch.path;
const KEEP_ALIVE = services.LEASE_SERVICE.leaseKeepAlive.path;

interface Fixture {
  readonly server: EtcdServer;
  readonly grpc: GrpcServer;
}

async function withServices(use: (fixture: Fixture) => void): Promise<void> {
  const server = await startServer(testConfig(undefined));
  const grpc = new GrpcServer({ clock: systemClock, ...SIZES });
  registerServices(grpc, server);
  try {
    use({ server, grpc });
  } finally {
    await server.stop();
    grpc.close();
  }
}

Deno.test("registerServices() registers every method as what the .proto files say", async () => {
  const kinds = new Map<string, string>();
  for (const service of Object.values(services)) {
    for (const { path, requestStream, responseStream } of Object.values(service)) {
      const streaming = requestStream
        ? (responseStream ? "bidi_stream" : "client_stream")
        : "unary";
      kinds.set(path, !requestStream && responseStream ? "server_stream" : streaming);
    }
  }
  await withServices(({ grpc }) => {
    assert.ok(grpc.methods.length > 0);
    for (const { path, type } of grpc.methods) assert.equal(type, kinds.get(path), path);
  });
});

/** What a client can ask again and again, and the stream on which it asks. */
const QUESTIONS: Record<string, [path: string, ask: (stream: FakeStream) => void]> = {
  "a lease to be kept alive": [KEEP_ALIVE, (stream) => {
    const request = LeaseKeepAliveRequest.create({ id: 7n });
    deliver(stream, frameMessage(LeaseKeepAliveRequest.encode(request)));
  }],
  "watches": [WATCH, (stream) => {
    const createRequest = WatchCreateRequest.create({ key: "k" });
    deliver(stream, frameMessage(WatchRequest.encode(WatchRequest.create({ createRequest }))));
  }],
};

for (const [what, [path, ask]] of Object.entries(QUESTIONS)) {
  Deno.test(`a client that asks for ${what} is held back while it takes no answers`, async () => {
    await withServices(({ grpc }) => {
      const stream = openStream(grpc, { ":path": path });
      ask(stream);
      assert.equal(stream.paused, false);
      stream.congested = true;
      ask(stream);
      assert.equal(stream.paused, true);
      stream.congested = false;
      stream.listener?.drained();
      assert.equal(stream.paused, false);
      assert.equal(stream.messages.length, 2);
      stream.listener?.closed(8);
    });
  });
}

Deno.test("a health watch that cannot be read is forgotten", async () => {
  await withServices(({ grpc, server }) => {
    const stream = openStream(grpc, { ":path": services.HEALTH_SERVICE.watch.path });
    assert.equal(server.streams.count, 1);
    deliver(stream, frameMessage(Uint8Array.of(0xff)));
    assert.match(stream.status, /^13 /);
    assert.equal(server.streams.count, 0);
  });
});

for (const path of [WATCH, KEEP_ALIVE, OBSERVE, services.HEALTH_SERVICE.watch.path]) {
  Deno.test(`a stream of ${path} is forgotten when a message breaks the rules`, async () => {
    await withServices(({ grpc, server }) => {
      const stream = openStream(grpc, { ":path": path });
      assert.equal(server.streams.count, 1);
      deliver(stream, frameMessage(new Uint8Array(1), 9));
      assert.equal(stream.status, "13 grpc: received unexpected payload format 9");
      assert.equal(server.streams.count, 0);
      assert.equal(server.hub.streamCount, 0);
    });
  });
}
