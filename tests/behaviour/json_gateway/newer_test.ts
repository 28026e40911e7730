import assert from "node:assert/strict";
import { GATEWAY_ROUTES } from "../../../src/api/json_gateway/routes.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import {
  base64,
  gatewayCall,
  gatewayError,
  type Json,
  member,
  streamLines,
  withoutHeader,
} from "../../harness/json_gateway.ts";
import { exchange, httpRequest } from "../../harness/http1.ts";
import { put } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

/** Answers by the text of a websocket, until there are as many as wanted or it is closed. */
function overWebsocket(
  port: number,
  path: string,
  messages: readonly (string | Uint8Array<ArrayBuffer>)[],
  count: number,
  protocols: readonly string[] = [],
): Promise<{ readonly protocol: string; readonly answers: Json[] }> {
  return new Promise((resolve) => {
    const answers: Json[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols]);
    socket.onopen = () => messages.forEach((message) => socket.send(message));
    socket.onmessage = ({ data }) => {
      answers.push(JSON.parse(String(data)));
      if (answers.length === count) socket.close();
    };
    // etcd ends the connection without a word.
    socket.onerror = () => {};
    socket.onclose = () => resolve({ protocol: socket.protocol, answers });
  });
}

const KEY = base64("\x00");
const STREAMS = ["/v3/watch", "/v3/lease/keepalive"];

describeBothTargets("gateway of etcd 3.7", (test) => {
  test("has 51 paths", async ({ server }) => {
    assert.equal(GATEWAY_ROUTES.size, 51);
    for (const path of GATEWAY_ROUTES.keys()) {
      // A stream takes a text that breaks off for the end of its requests.
      if (STREAMS.includes(path)) continue;
      const refused = await gatewayError(server.clientPort, path, "{");
      assert.deepEqual(refused, [400, 3, "unexpected EOF"], path);
    }
  });

  test("answers other methods and other paths in JSON", async ({ server }) => {
    const port = server.clientPort;
    for (const method of ["GET", "PUT", "DELETE", "PATCH"]) {
      const { status, body } = await gatewayCall(port, "/v3/kv/put", "{}", method);
      assert.deepEqual([status, body], [501, { code: 12, message: "Method Not Allowed" }], method);
    }
    for (const path of ["/v3/", "/v3/kv", "/v3/kv/nosuch", "/v3/kv/range/", "/v3/kv/Range"]) {
      const { status, body } = await gatewayCall(port, path, "{}");
      assert.deepEqual([status, body], [404, { code: 5, message: "Not Found" }], path);
    }
  });

  test("sends clients to clean paths", async ({ server }) => {
    const cases = [
      ["/v3", "/v3/"],
      ["//v3/kv/range", "/v3/kv/range"],
      ["/v3/kv/./range", "/v3/kv/range"],
      ["/v3/x/../kv//range?a=b", "/v3/kv/range?a=b"],
      ["/../v3/kv/range", "/v3/kv/range"],
      ["/v3beta/kv//range", "/v3/kv/range"],
    ];
    for (const [path, location] of cases) {
      const response = await httpRequest(server.clientPort, path, "POST", "{}");
      assert.deepEqual([response.status, response.headers.get("location")], [307, location], path);
    }
    const link = await httpRequest(server.clientPort, "//version");
    assert.equal(link.body, '<a href="/version">Temporary Redirect</a>.\n\n');
  });

  test("takes escaped letters of a path, and an escaped slash for none", async ({ server }) => {
    const escaped = await gatewayCall(server.clientPort, "/v3/kv/ran%67e", { key: KEY });
    assert.equal(escaped.status, 200);
    const other = await httpRequest(server.clientPort, "/v3%2fkv/range", "POST", "{}");
    assert.deepEqual([other.status, other.body], [404, "404 page not found\n"]);
    const up = await gatewayCall(server.clientPort, "/v3/kv/%2e%2e/kv/range", { key: KEY });
    assert.deepEqual([up.status, up.body], [404, { code: 5, message: "Not Found" }]);
    const wrong = await httpRequest(server.clientPort, "/v3/kv/range%zz", "POST", "{}");
    assert.equal(wrong.status, 400);
  });

  test("refuses what is too large, by the server's bound and by that of messages", async (context) => {
    const port = context.server.clientPort;
    const large = { key: KEY, value: base64("x".repeat(1_600_000)) };
    assert.deepEqual(await gatewayError(port, "/v3/kv/put", large), [
      400,
      3,
      "etcdserver: request is too large",
    ]);
    const larger = { key: KEY, value: base64("x".repeat(2_200_000)) };
    assert.deepEqual(await gatewayError(port, "/v3/kv/put", larger), [
      429,
      8,
      "grpc: received message larger than max (2200008 vs. 2097152)",
    ]);
  });

  test("reads values of all sizes back as they were written", async ({ server, prefix }) => {
    for (const size of [0, 1, 2, 3, 1_000, 100_000, 1_500_000]) {
      const key = base64(`${prefix}${size}`);
      const value = base64("xyz\xff".repeat(size).slice(0, size));
      const written = await gatewayCall(server.clientPort, "/v3/kv/put", { key, value });
      assert.equal(written.status, 200);
      const { body } = await gatewayCall(server.clientPort, "/v3/kv/range", { key });
      const kvs = member(body, "kvs");
      assert(Array.isArray(kvs));
      assert.equal(member(kvs[0], "value") ?? "", value);
    }
  });

  test("keeps to a deadline and refuses one that is none", async ({ server }) => {
    const body = `{"create_request":{"key":"${KEY}"}}`;
    const post = (timeout: string) =>
      fetch(`http://127.0.0.1:${server.clientPort}/v3/watch`, {
        method: "POST",
        body,
        headers: { "grpc-timeout": timeout },
      });
    const lines = (await (await post("300m")).text()).trim().split("\n");
    // Either end of etcd's own connection may be the first to notice, in words of its own.
    assert.equal(member(member(JSON.parse(lines[1]), "error"), "code"), 4);
    const refused = await post("x");
    assert.equal(refused.status, 400);
    assert.deepEqual(await refused.json(), { code: 3, message: "invalid grpc-timeout: x" });
  });

  test("takes many requests in one body", async ({ server, prefix }) => {
    const create = (name: string, id: number): string =>
      JSON.stringify({ create_request: { key: base64(prefix + name), watch_id: String(id) } });
    const cancel = JSON.stringify({ cancel_request: { watch_id: 7 } });
    const body = `\n ${create("a", 7)}${create("b", 8)}\n${cancel} `;
    const lines = await streamLines(server.clientPort, "/v3/watch", body, 3);
    assert.deepEqual(lines.map((line) => withoutHeader(member(line, "result"))), [
      { watch_id: "7", created: true },
      { watch_id: "8", created: true },
      { watch_id: "7", canceled: true },
    ]);
  });

  test("ends a keep-alive without requests with nothing", async ({ server }) => {
    const { status, body } = await httpRequest(
      server.clientPort,
      "/v3/lease/keepalive",
      "POST",
      "",
    );
    assert.deepEqual([status, body], [200, ""]);
  });

  test("refuses a malformed request for a stream of answers as any other", async ({ server }) => {
    const refused = await gatewayError(server.clientPort, "/v3/maintenance/snapshot", '{"x":[}');
    assert.deepEqual(refused, [400, 3, "invalid character '}' looking for beginning of value"]);
  });

  test("hashes", async ({ server }) => {
    const { body } = await gatewayCall(server.clientPort, "/v3/maintenance/hashkv", {});
    assert.equal(typeof member(body, "hash"), "number");
    assert.equal(typeof member(body, "hash_revision"), "string");
  });

  test("watches over a websocket, one message for each line", async ({ client, server, prefix }) => {
    const key = base64(`${prefix}w`);
    const request = JSON.stringify({ create_request: { key } });
    const answering = overWebsocket(server.clientPort, "/v3/watch", [request], 3);
    // The watch begins at the next revision, whenever that is.
    const timer = setInterval(() => put(client, `${prefix}w`, "1"), 50);
    const { answers } = await answering;
    clearInterval(timer);
    assert.deepEqual(withoutHeader(member(answers[0], "result")), { created: true });
    const events = member(member(answers[1], "result"), "events");
    assert(Array.isArray(events));
    assert.equal(member(member(events[0], "kv"), "key"), key);
  });

  test("takes binary messages and a token as a websocket's protocol", async ({ server }) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ create_request: { key: KEY } }));
    const { protocol, answers } = await overWebsocket(server.clientPort, "/v3/watch", [bytes], 1, [
      "Bearer",
      "token",
    ]);
    assert.equal(protocol, "Bearer");
    assert.equal(member(member(answers[0], "result"), "created"), true);
  });

  test("keeps leases alive over a websocket", async ({ server }) => {
    const messages = ['{"ID":"77"}', '{"ID":"78"}'];
    const { answers } = await overWebsocket(server.clientPort, "/v3/lease/keepalive", messages, 2);
    assert.deepEqual(answers.map((answer) => withoutHeader(member(answer, "result"))), [
      { ID: "77" },
      { ID: "78" },
    ]);
  });

  test("says over a websocket that a path is not there", async ({ server }) => {
    const { answers } = await overWebsocket(server.clientPort, "/v3/nosuch", [], 2);
    assert.deepEqual(answers, [{ code: 5, message: "Not Found" }]);
  });

  test("answers a websocket that breaks the rules of the handshake with 400", async ({ server }) => {
    const head = `GET /v3/watch HTTP/1.1\r\nHost: 127.0.0.1:${server.clientPort}\r\n` +
      "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    for (const rest of ["Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 8\r\n"]) {
      const answer = await exchange(server.clientPort, `${head}${rest}Connection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    }
  });
}, { targets: NEWER_TARGET_NAMES });

describeBothTargets("gateway switched off", (test) => {
  test("leaves nothing below /v3/", async ({ server }) => {
    const response = await httpRequest(server.clientPort, "/v3/kv/range", "POST", "{}");
    assert.deepEqual([response.status, response.body], [404, "404 page not found\n"]);
    assert.equal((await httpRequest(server.clientPort, "/version")).status, 200);
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--enable-grpc-gateway=false"] });
