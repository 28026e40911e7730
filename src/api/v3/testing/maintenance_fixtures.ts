import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../../base/clock.ts";
import { GrpcServer } from "../../../net/grpc/server.ts";
import {
  deliver,
  type FakeStream,
  frameMessage,
  openStream,
} from "../../../net/grpc/testing/fake_stream.ts";
import type { MessageCodec } from "../../../pb/codec.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import type { ServerConfig } from "../../../server/server_config.ts";
import { startServer } from "../../../server/testing/server_fixtures.ts";
import { registerServices } from "../services.ts";

const SIZES = { maxReceiveMessageBytes: 1 << 20, maxSendMessageBytes: 1 << 20 };

/** What a stream is reset with whose client has gone. */
export const CANCEL = 8;

/** A server with its services. */
export class MaintenanceFixture {
  readonly server: EtcdServer;
  /** Whether the test has the server fail. */
  mayFail = false;
  readonly #grpc: GrpcServer;

  constructor(server: EtcdServer) {
    this.server = server;
    this.#grpc = new GrpcServer({ clock: systemClock, ...SIZES });
    registerServices(this.#grpc, server);
  }

  /** Begins a unary call. */
  ask<T>(path: string, codec: MessageCodec<T>, fields: Partial<T>): FakeStream {
    return this.open(path, codec.encode(codec.create(fields)));
  }

  /** Begins a call with one request. */
  open(path: string, request: Uint8Array): FakeStream {
    const stream = openStream(this.#grpc, { ":path": path });
    deliver(stream, frameMessage(request));
    stream.listener?.end();
    return stream;
  }

  close(): Promise<void> {
    this.#grpc.close();
    return this.server.stop();
  }
}

/** Uses a server and stops it; it fails then if anybody still has its file open for reading. */
export async function withServer(
  config: ServerConfig,
  use: (fixture: MaintenanceFixture) => Promise<void>,
): Promise<void> {
  const fixture = new MaintenanceFixture(await startServer(config));
  try {
    await use(fixture);
  } finally {
    await fixture.close();
  }
  if (!fixture.mayFail) assert.equal(fixture.server.failure, undefined);
}

/** Waits until the calls have been answered. */
export async function finished(...streams: FakeStream[]): Promise<void> {
  while (streams.some((stream) => !stream.finished)) await setImmediate();
}

/** The one message of a call that went well. */
export function responseOf<T>(stream: FakeStream, codec: MessageCodec<T>): T {
  assert.equal(stream.status, "0");
  return codec.decode(stream.messages[0].bytes);
}
