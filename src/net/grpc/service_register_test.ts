import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import type { MethodDefinition } from "../../deps/grpc_js.ts";
import type { GrpcObserver } from "./observer.ts";
import { GrpcServer } from "./server.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { deliver, FakeStream, frameMessage, openStream } from "./testing/fake_stream.ts";
import type { EchoHandlers } from "./testing/grpc_js_echo.ts";

type TextMethod = MethodDefinition<string, string>;

function define(name: string, requestStream: boolean, responseStream: boolean): TextMethod {
  const serialize = (value: string): Buffer => {
    if (typeof value !== "string") throw new Error("not a text");
    return Buffer.from(value);
  };
  const deserialize = (bytes: Buffer): string => {
    const text = bytes.toString();
    if (text === "malformed") throw new Error("no such text");
    return text;
  };
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
    originalName: name.toLowerCase(),
  };
}

const DEFINITION = {
  Unary: define("Unary", false, false),
  Join: define("Join", true, false),
  Split: define("Split", false, true),
  Chat: define("Chat", true, true),
};

interface Fixture {
  readonly server: GrpcServer;
  readonly thrown: string[];
}

function newFixture(handlers: EchoHandlers): Fixture {
  const thrown: string[] = [];
  const observer: GrpcObserver = {
    timed: false,
    started() {},
    received() {},
    sent() {},
    handled() {},
    threw(path, error) {
      thrown.push(`${path} ${error}`);
    },
  };
  const sizes = { maxReceiveMessageBytes: 1000, maxSendMessageBytes: 1000 };
  const server = new GrpcServer({ clock: new ManualClock(), observer, ...sizes });
  server.addService(DEFINITION, handlers);
  return { server, thrown };
}

function open(server: GrpcServer, name: string, ...messages: string[]): FakeStream {
  const stream = openStream(server, { ":path": `/test.Echo/${name}` });
  for (const text of messages) deliver(stream, frameMessage(bytesFromText(text)));
  return stream;
}

/** Lets streams of node:stream do what they put off. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const TYPES: Record<string, string> = {
  Unary: "unary",
  Join: "client_stream",
  Split: "server_stream",
  Chat: "bidi_stream",
};

Deno.test("addService() registers methods with their types", () => {
  const methods = newFixture({}).server.methods.map(({ name, type }) => [name, type]);
  assert.deepEqual(Object.fromEntries(methods), TYPES);
});

for (const name of Object.keys(TYPES)) {
  Deno.test(`addService() answers ${name} with UNIMPLEMENTED when it has no handler`, async () => {
    const stream = open(newFixture({}).server, name, "a");
    await settle();
    assert.equal(stream.status, `12 The server does not implement the method ${name}`);
  });

  Deno.test(`addService() answers ${name} with UNKNOWN when its handler throws`, () => {
    function fail(): never {
      throw new Error("secret");
    }
    const { server, thrown } = newFixture({ unary: fail, join: fail, split: fail, chat: fail });
    assert.equal(open(server, name, "a").status, "2 Unknown error");
    assert.deepEqual(thrown, [`/test.Echo/${name} Error: secret`]);
  });

  Deno.test(`addService() answers ${name} with UNKNOWN when its handler rejects`, async () => {
    const fail = (): Promise<void> => Promise.reject(new Error("secret"));
    const { server, thrown } = newFixture({ unary: fail, join: fail, split: fail, chat: fail });
    const stream = open(server, name, "a");
    await settle();
    assert.equal(stream.status, "2 Unknown error");
    assert.deepEqual(thrown, [`/test.Echo/${name} Error: secret`]);
  });

  Deno.test(`addService() answers ${name} with INTERNAL when a request is malformed`, () => {
    const { server } = newFixture({ unary() {}, join() {}, split() {}, chat() {} });
    const stream = open(server, name, "malformed");
    assert.equal(stream.status, "13 Error deserializing request: no such text");
  });
}

Deno.test("addService() answers with INTERNAL when a response cannot be serialized", async () => {
  const { server } = newFixture({
    unary: (_call, callback) => callback(null, undefined),
    split: (call) => {
      Reflect.apply(call.write, call, [7]);
    },
  });
  assert.equal(open(server, "Unary", "a").status, "13 Error serializing response: not a text");
  const stream = open(server, "Split", "a");
  await settle();
  assert.equal(stream.status, "13 Error serializing response: not a text");
});

Deno.test("addService() takes the first of two answers", () => {
  const { server } = newFixture({
    unary: (_call, callback) => {
      callback(null, "first");
      callback(null, "second");
      callback(new Error("third"));
    },
  });
  const stream = open(server, "Unary", "a");
  assert.deepEqual(stream.messages.map(({ bytes }) => textFromBytes(bytes)), ["first"]);
  assert.equal(stream.status, "0");
});

Deno.test("addService() lets a client-streaming handler iterate over its requests", async () => {
  const { server } = newFixture({
    join: async (call, callback) => {
      let joined = "";
      for await (const text of call) joined += text;
      callback(null, joined);
    },
  });
  const stream = open(server, "Join", "a", "b");
  await settle();
  deliver(stream, frameMessage(bytesFromText("c")));
  stream.listener?.end();
  await settle();
  assert.deepEqual(stream.messages.map(({ bytes }) => textFromBytes(bytes)), ["abc"]);
});

for (const name of ["Join", "Chat"]) {
  Deno.test(`addService() pauses the client of ${name} while the handler does not read`, async () => {
    let read: () => void = () => {};
    const { server } = newFixture({
      join: (call, callback) => {
        read = () => call.resume();
        call.on("end", () => callback(null, ""));
      },
      chat: (call) => {
        read = () => call.resume();
        call.on("end", () => call.end());
      },
    });
    const stream = open(server, name);
    let delivered = 0;
    while (!stream.paused && delivered < 1000) {
      deliver(stream, frameMessage(bytesFromText("a")));
      delivered++;
    }
    assert(delivered < 100, `${delivered} messages`);
    read();
    await settle();
    assert.equal(stream.paused, false);
    stream.listener?.end();
    await settle();
    assert.equal(stream.status, "0");
  });
}

Deno.test("addService() holds a handler back while the client does not read", async () => {
  let written = 0;
  const { server } = newFixture({
    split: (call) => {
      const write = (): void => {
        while (written < 100 && call.write("x")) written++;
      };
      call.on("drain", write);
      write();
    },
  });
  const stream = openStream(server, { ":path": "/test.Echo/Split" });
  stream.congested = true;
  deliver(stream, frameMessage(bytesFromText("a")));
  await settle();
  assert.equal(stream.messages.length, 1);
  assert(written < 50);
  stream.congested = false;
  stream.listener?.drained();
  await settle();
  assert.equal(written, 100);
  assert(stream.messages.length >= 100);
});

Deno.test("addService() ends a call when its handler destroys it", async () => {
  const { server } = newFixture({
    split: (call) => {
      call.destroy();
    },
    chat: (call) => {
      call.destroy(new Error("broken"));
    },
  });
  const split = open(server, "Split", "a");
  const chat = open(server, "Chat");
  await settle();
  assert.equal(split.status, "1 The handler destroyed the call");
  assert.equal(chat.status, "2 broken");
  assert.equal(server.counters.activeCalls, 0);
});

Deno.test("addService() tells a handler of every type that its call was cancelled", async () => {
  const cancelled: string[] = [];
  function hold(call: {
    cancelled: boolean;
    getPath(): string;
    on(event: string, listener: (reason: string) => void): void;
  }): void {
    call.on(
      "cancelled",
      (reason) => cancelled.push(`${call.getPath()} ${call.cancelled} ${reason}`),
    );
  }
  const { server } = newFixture({ unary: hold, join: hold, split: hold, chat: hold });
  for (const name of Object.keys(TYPES)) open(server, name, "a").listener?.closed(8);
  await settle();
  assert.deepEqual(
    cancelled,
    Object.keys(TYPES).map((name) => `/test.Echo/${name} true cancelled`),
  );
  assert.equal(server.counters.activeCalls, 0);
});
