import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { systemClock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { Client, compressionAlgorithms, credentials, Metadata } from "../../deps/grpc_js.ts";
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceError,
} from "../../deps/grpc_js.ts";
import { GrpcServer } from "./server.ts";
import { listen } from "./testing/test_listener.ts";

// The client of grpc-js decides here whether what we send is gRPC, and handlers in its style
// whether services written for it run.

const MAX_RECEIVE_BYTES = 2 * 1024 * 1024;
const NO_STATE = { activeCalls: 0, pendingDeadlines: 0, unfinishedBytes: 0 };

const serialize = (value: string): Buffer => Buffer.from(value);
const deserialize = (bytes: Buffer): string => bytes.toString();

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

const ECHO = {
  unary: define("Unary", false, false),
  join: define("Join", true, false),
  split: define("Split", false, true),
  chat: define("Chat", true, true),
  missing: define("Missing", false, false),
};

type EchoHandlers = {
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
async function withServer(
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

interface UnaryResult {
  error: ServiceError | null;
  value: string | undefined;
  headers: Metadata | undefined;
  trailers: Metadata | undefined;
}

interface UnaryOptions {
  readonly metadata?: Metadata;
  readonly deadlineMs?: number;
}

function callUnary(
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

async function failure(result: Promise<UnaryResult>): Promise<string> {
  const { error } = await result;
  assert(error !== null);
  return `${error.code} ${error.details}`;
}

Deno.test("grpc-js gets the answer of a unary method", async () => {
  await withServer({
    unary: (call, callback) => callback(null, call.request.toUpperCase()),
  }, async ({ client }) => {
    assert.equal((await callUnary(client, ECHO.unary, "hello")).value, "HELLO");
    const many = Array.from({ length: 500 }, (_, i) => callUnary(client, ECHO.unary, `n${i}`));
    const values = (await Promise.all(many)).map(({ value }) => value);
    assert.deepEqual(values, Array.from({ length: 500 }, (_, i) => `N${i}`));
  });
});

Deno.test("grpc-js gets the answer of a unary method that answers later", async () => {
  await withServer({
    unary: async (call, callback) => {
      await Promise.resolve();
      callback(null, call.request);
    },
  }, async ({ client }) => {
    assert.equal((await callUnary(client, ECHO.unary, "later")).value, "later");
  });
});

Deno.test("grpc-js gets the answer of a client-streaming method", async () => {
  await withServer({
    join: (call, callback) => {
      const parts: string[] = [];
      call.on("data", (part: string) => parts.push(part));
      call.on("end", () => callback(null, parts.join(",")));
    },
  }, async ({ client }) => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const call = client.makeClientStreamRequest<string, string>(
      ECHO.join.path,
      serialize,
      deserialize,
      (_error, value) => resolve(value),
    );
    const parts = Array.from({ length: 300 }, (_, i) => `part ${i}`);
    for (const part of parts) call.write(part);
    call.end();
    assert.equal(await promise, parts.join(","));
  });
});

Deno.test("grpc-js gets the messages of a server-streaming method", async () => {
  await withServer({
    split: (call) => {
      for (const letter of call.request) call.write(letter);
      const trailers = new Metadata();
      trailers.set("count", String(call.request.length));
      call.end(trailers);
    },
  }, async ({ client }) => {
    const call = client.makeServerStreamRequest<string, string>(
      ECHO.split.path,
      serialize,
      deserialize,
      "abc",
    );
    const letters: string[] = [];
    call.on("data", (letter: string) => letters.push(letter));
    const [status] = await once(call, "status");
    assert.deepEqual(letters, ["a", "b", "c"]);
    assert.equal(status.code, GrpcCode.OK);
    assert.deepEqual(status.metadata.get("count"), ["3"]);
  });
});

Deno.test("grpc-js gets all messages of a server-streaming method when it reads slowly", async () => {
  const messageCount = 400;
  let written = 0;
  await withServer({
    split: async (call) => {
      for (let i = 0; i < messageCount; i++) {
        written++;
        if (!call.write(`${i} ${"x".repeat(10_000)}`)) await once(call, "drain");
      }
      call.end();
    },
  }, async ({ client }) => {
    const call = client.makeServerStreamRequest<string, string>(
      ECHO.split.path,
      serialize,
      deserialize,
      "",
    );
    const status = once(call, "status");
    let received = 0;
    let longestLead = 0;
    for await (const message of call) {
      assert.equal(message.split(" ")[0], String(received++));
      longestLead = Math.max(longestLead, written - received);
      if (received % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(received, messageCount);
    assert.equal((await status)[0].code, GrpcCode.OK);
    // The handler was told to wait: it did not write everything at once.
    assert(longestLead < messageCount - 10, `the handler was ${longestLead} messages ahead`);
  });
});

Deno.test("grpc-js talks with a bidirectional method", async () => {
  await withServer({
    chat: (call) => {
      call.on("data", (text: string) => call.write(`${text}!`));
      call.on("end", () => call.end());
    },
  }, async ({ client }) => {
    const call = client.makeBidiStreamRequest<string, string>(
      ECHO.chat.path,
      serialize,
      deserialize,
    );
    const status = once(call, "status");
    for (let i = 0; i < 50; i++) {
      const answer = once(call, "data");
      call.write(`message ${i}`);
      assert.deepEqual(await answer, [`message ${i}!`]);
    }
    call.end();
    call.resume();
    assert.equal((await status)[0].code, GrpcCode.OK);
  });
});

Deno.test("grpc-js talks with a bidirectional method that reads slowly", async () => {
  const size = 20_000;
  const count = 300;
  let total = 0;
  await withServer({
    chat: (call) => {
      call.on("data", (text: string) => {
        total += text.length;
        call.pause();
        queueMicrotask(() => call.resume());
      });
      call.on("end", () => {
        call.write(String(total));
        call.end();
      });
    },
  }, async ({ client }) => {
    const call = client.makeBidiStreamRequest<string, string>(
      ECHO.chat.path,
      serialize,
      deserialize,
    );
    const answer = once(call, "data");
    for (let i = 0; i < count; i++) call.write("y".repeat(size));
    call.end();
    assert.deepEqual(await answer, [String(size * count)]);
    call.resume();
    await once(call, "status");
  });
});

Deno.test("grpc-js exchanges metadata with a method", async () => {
  await withServer({
    unary: (call, callback) => {
      const headers = new Metadata();
      headers.set("seen", call.metadata.get("word")[0]);
      headers.add("many", "1");
      headers.add("many", "2");
      call.sendMetadata(headers);
      const trailers = new Metadata();
      for (const bytes of call.metadata.get("raw-bin")) trailers.add("raw-bin", bytes);
      callback(null, `${call.getPath()} ${call.getHost()}`, trailers);
    },
  }, async ({ client }) => {
    const metadata = new Metadata();
    metadata.set("word", "some text");
    metadata.add("raw-bin", Buffer.from([0, 255, 1]));
    metadata.add("raw-bin", Buffer.from("more"));
    const { value, headers, trailers } = await callUnary(client, ECHO.unary, "", { metadata });
    assert.match(value ?? "", /^\/test.Echo\/Unary 127.0.0.1:\d+$/);
    assert.deepEqual(headers?.get("seen"), ["some text"]);
    assert.equal(headers?.get("many").join(", "), "1, 2");
    assert.deepEqual(trailers?.get("raw-bin").map(String), ["\u0000\ufffd\u0001", "more"]);
  });
});

Deno.test("grpc-js gets the errors of methods", async () => {
  const trailers = new Metadata();
  trailers.set("why", "because");
  const errors: Record<string, Partial<ServiceError>> = {
    coded: { code: GrpcCode.NotFound, details: "no such thing: 100% ü" },
    plain: new Error("plain"),
    withMetadata: { code: GrpcCode.Aborted, details: "aborted", metadata: trailers },
  };
  await withServer({
    unary: (call, callback) => {
      if (call.request === "throw") throw new Error("a secret");
      callback(errors[call.request]);
    },
    split: (call) => {
      call.write("one");
      call.emit("error", { code: GrpcCode.DataLoss, details: "broken" });
    },
  }, async ({ client }) => {
    const unary = (request: string) => callUnary(client, ECHO.unary, request);
    assert.equal(await failure(unary("coded")), "5 no such thing: 100% ü");
    assert.equal(await failure(unary("plain")), "2 plain");
    assert.equal(await failure(unary("throw")), "2 Unknown error");
    const { error } = await unary("withMetadata");
    assert.deepEqual(error?.metadata.get("why"), ["because"]);
    const missing = callUnary(client, ECHO.missing, "");
    assert.equal(await failure(missing), "12 The server does not implement the method missing");
    const call = client.makeServerStreamRequest<string, string>(
      ECHO.split.path,
      serialize,
      deserialize,
      "",
    );
    const messages: string[] = [];
    call.on("data", (message: string) => messages.push(message));
    const [streamError] = await once(call, "error");
    assert.equal(`${streamError.code} ${streamError.details}`, "15 broken");
    assert.deepEqual(messages, ["one"]);
  });
});

Deno.test("grpc-js learns that a service or a method is unknown", async () => {
  await withServer({}, async ({ client }) => {
    const method = { ...ECHO.unary, path: "/test.Echo/Nothing" };
    const service = { ...ECHO.unary, path: "/test.Nothing/Unary" };
    assert.equal(
      await failure(callUnary(client, method, "")),
      "12 unknown method Nothing for service test.Echo",
    );
    assert.equal(await failure(callUnary(client, service, "")), "12 unknown service test.Nothing");
  });
});

Deno.test("grpc-js learns that its request or the response is too large", async () => {
  await withServer({
    unary: (call, callback) => callback(null, call.request),
  }, async ({ client }) => {
    const limit = "x".repeat(MAX_RECEIVE_BYTES);
    assert.equal((await callUnary(client, ECHO.unary, limit)).value?.length, MAX_RECEIVE_BYTES);
    assert.equal(
      await failure(callUnary(client, ECHO.unary, limit + "x")),
      "8 grpc: received message larger than max (2097153 vs. 2097152)",
    );
    assert.equal((await callUnary(client, ECHO.unary, "still there")).value, "still there");
  });
});

Deno.test("grpc-js exchanges compressed messages with a method", async () => {
  await withServer(
    {
      unary: (call, callback) => callback(null, call.request + call.request),
      chat: (call) => {
        call.on("data", (text: string) => call.write(text));
        call.on("end", () => call.end());
      },
    },
    async ({ client }) => {
      const text = "compress me ".repeat(1000);
      const result = await callUnary(client, ECHO.unary, text);
      assert.equal(result.value, text + text);
      const bomb = "0".repeat(MAX_RECEIVE_BYTES + 1);
      assert.equal(
        await failure(callUnary(client, ECHO.unary, bomb)),
        "8 grpc: received message after decompression larger than max 2097152",
      );
      const call = client.makeBidiStreamRequest<string, string>(
        ECHO.chat.path,
        serialize,
        deserialize,
      );
      const answer = once(call, "data");
      call.write(text);
      assert.deepEqual(await answer, [text]);
      call.end();
      call.resume();
      await once(call, "status");
    },
    { "grpc.default_compression_algorithm": compressionAlgorithms.gzip },
  );
});

Deno.test("a method learns that grpc-js cancelled the call", async () => {
  const cancelled: string[] = [];
  const { promise: allCancelled, resolve } = Promise.withResolvers<void>();
  const started: (() => void)[] = [];
  function hold(call: {
    cancelled: boolean;
    getPath(): string;
    on(event: string, listener: () => void): void;
  }): void {
    started.pop()?.();
    call.on("cancelled", () => {
      assert.equal(call.cancelled, true);
      cancelled.push(call.getPath());
      if (cancelled.length === 4) resolve();
    });
  }
  await withServer({ unary: hold, join: hold, split: hold, chat: hold }, async ({ client }) => {
    for (const method of [ECHO.unary, ECHO.split, ECHO.join, ECHO.chat]) {
      const began = new Promise<void>((resolve) => started.push(resolve));
      const call = client.makeBidiStreamRequest<string, string>(
        method.path,
        serialize,
        deserialize,
      );
      call.on("error", () => {});
      call.write("a");
      await began;
      call.cancel();
    }
    await allCancelled;
    assert.deepEqual(cancelled, [
      ...["/test.Echo/Unary", "/test.Echo/Split", "/test.Echo/Join", "/test.Echo/Chat"],
    ]);
  });
});

Deno.test("a call of grpc-js ends when its deadline passes", async () => {
  let deadline: unknown;
  const { promise: told, resolve } = Promise.withResolvers<void>();
  await withServer({
    unary: (call) => {
      deadline = call.getDeadline();
      call.on("cancelled", resolve);
    },
  }, async ({ client }) => {
    const before = Date.now();
    const result = failure(callUnary(client, ECHO.unary, "", { deadlineMs: 60 }));
    assert.match(await result, /^4 /);
    await told;
    assert(deadline instanceof Date);
    assert(Math.abs(deadline.getTime() - before - 60) < 55);
  });
});

Deno.test("grpc-js gets the status that says that the deadline passed", async () => {
  await withServer({ unary: () => {} }, async ({ client }) => {
    // Said in the header only, so that the client's own timer does not come first.
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "20m");
    const result = callUnary(client, ECHO.unary, "", { metadata });
    assert.equal(await failure(result), "4 context deadline exceeded");
  });
});

Deno.test("grpc-js calls that end badly leave no state", async () => {
  await withServer({ unary: () => {} }, async ({ server, client }) => {
    for (let round = 0; round < 10; round++) {
      const results: Promise<UnaryResult>[] = [];
      for (let i = 0; i < 100; i++) {
        results.push(callUnary(client, ECHO.unary, "x", { deadlineMs: 5 + i % 20 }));
      }
      await Promise.all(results);
    }
    // The client's own timers come first; what it sent about that may still be under way.
    for (let i = 0; i < 100 && server.counters.activeCalls > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(server.counters, NO_STATE);
  });
});
