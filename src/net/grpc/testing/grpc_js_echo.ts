import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { systemClock } from "../../../base/clock.ts";
import { Client, credentials, Metadata } from "../../../deps/grpc_js.ts";
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceError,
} from "../../../deps/grpc_js.ts";
import { GrpcServer } from "../server.ts";
import { listen } from "./test_listener.ts";

export const MAX_RECEIVE_BYTES = 2 * 1024 * 1024;
export const NO_STATE = { activeCalls: 0, pendingDeadlines: 0, unfinishedBytes: 0 };
export const serialize = (value: string): Buffer => Buffer.from(value);
export const deserialize = (bytes: Buffer): string => bytes.toString();

function define(name: string, requestStream: boolean, responseStream: boolean): Definition {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

type Definition = MethodDefinition<string, string>;

export const ECHO = {
  unary: define("Unary", false, false),
  join: define("Join", true, false),
  split: define("Split", false, true),
  chat: define("Chat", true, true),
  missing: define("Missing", false, false),
};

/** Handlers in the style of grpc-js for some of the methods. */
export type EchoHandlers = {
  unary?: handleUnaryCall<string, string>;
  join?: handleClientStreamingCall<string, string>;
  split?: handleServerStreamingCall<string, string>;
  chat?: handleBidiStreamingCall<string, string>;
};

interface Fixture {
  readonly server: GrpcServer;
  readonly client: Client;
}

/** Runs a test with a client connected to a server that has these methods. */
export async function withServer(
  implementation: EchoHandlers,
  test: (fixture: Fixture) => Promise<void>,
  clientOptions: Record<string, number> = {},
): Promise<void> {
  const server = new GrpcServer({
    maxReceiveMessageBytes: MAX_RECEIVE_BYTES,
    maxSendMessageBytes: 1 << 30,
    clock: systemClock,
  });
  server.addService(ECHO, implementation);
  const listener = await listen(server);
  const client = new Client(`127.0.0.1:${listener.port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    ...clientOptions,
  });
  try {
    await test({ server, client });
  } finally {
    client.close();
    await listener.close();
  }
  assert.deepEqual(server.counters, NO_STATE);
}

export interface UnaryResult {
  error: ServiceError | null;
  value: string | undefined;
  headers: Metadata | undefined;
  trailers: Metadata | undefined;
}

interface UnaryOptions {
  readonly metadata?: Metadata;
  readonly deadlineMs?: number;
}

export function callUnary(
  client: Client,
  method: Definition,
  request: string,
  options: UnaryOptions = {},
): Promise<UnaryResult> {
  const { metadata = new Metadata(), deadlineMs } = options;
  const callOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve) => {
    const result: UnaryResult = {
      error: null,
      value: undefined,
      headers: undefined,
      trailers: undefined,
    };
    const call = client.makeUnaryRequest<string, string>(
      method.path,
      serialize,
      deserialize,
      request,
      metadata,
      callOptions,
      (error, value) => {
        result.error = error;
        result.value = value;
      },
    );
    call.on("metadata", (headers) => result.headers = headers);
    call.on("status", (status) => {
      result.trailers = status.metadata;
      resolve(result);
    });
  });
}

export async function failure(result: Promise<UnaryResult>): Promise<string> {
  const { error } = await result;
  assert(error !== null);
  return `${error.code} ${error.details}`;
}
