import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { GrpcCode } from "../../base/grpc_code.ts";
import { compressionAlgorithms, Metadata } from "../../deps/grpc_js.ts";
import {
  callUnary,
  deserialize,
  ECHO,
  failure,
  MAX_RECEIVE_BYTES,
  serialize,
  withServer,
} from "./testing/grpc_js_echo.ts";

// The client of grpc-js decides here whether what we send is gRPC, and handlers in its style
// whether services written for it run.

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
