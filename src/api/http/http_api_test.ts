import assert from "node:assert/strict";
import { FakeExchange } from "../../net/http/testing/fake_exchange.ts";
import type { Logger } from "../../base/log.ts";
import { type GatewayHandler, httpApi, type HttpApiOptions } from "./http_api.ts";
import { getOnly, type HttpHandler, textResponse } from "./http_message.ts";
import { HTTP_LIMITS } from "./limits.ts";
import type { UserHandler } from "./user_handlers.ts";

const errors: string[] = [];
const none = (): void => {};
const logger: Logger = {
  debug: none,
  info: none,
  warn: none,
  error: (text) => void errors.push(text),
};

function ask(exchange: FakeExchange, options: Partial<HttpApiOptions>, body = ""): void {
  httpApi({ routes: new Map(), userHandlers: new Map(), logger, ...options })(exchange);
  if (body !== "") exchange.sendBody(body);
  exchange.endBody();
}

async function untilFinished(exchange: FakeExchange): Promise<FakeExchange> {
  while (!exchange.finished) await new Promise((resolve) => setTimeout(resolve, 0));
  return exchange;
}

function get(target: string): FakeExchange {
  return new FakeExchange(target, ["x-test", "yes"], { method: "GET" });
}

function user(path: string, handler: UserHandler): Partial<HttpApiOptions> {
  return { userHandlers: new Map([[path, handler]]) };
}

Deno.test("httpApi() finds the longest pattern that fits, exact ones first", async () => {
  const routes = new Map(
    ["/", "/a", "/a/", "/a/b"].map((path) => [path, () => textResponse(200, path)]),
  );
  const cases = [["/", "/"], ["/a", "/a"], ["/a/", "/a/"], ["/a/c", "/a/"], ["/a/b", "/a/b"]];
  for (const [target, answer] of [...cases, ["/a/b/c", "/a/"], ["/x/y", "/"]]) {
    const exchange = get(target);
    ask(exchange, { routes });
    assert.equal((await untilFinished(exchange)).body, answer, target);
  }
});

Deno.test("httpApi() gives handlers the request's headers and query", async () => {
  const exchange = new FakeExchange("/x?a=1", ["x-test", "yes"]);
  const handler: HttpHandler = ({ method, authority, query, headers }) =>
    textResponse(201, [method, authority, query.get("a"), headers.get("x-test")].join());
  ask(exchange, { routes: new Map([["/x", handler]]) }, "a body that nobody wants");
  await untilFinished(exchange);
  assert.deepEqual([exchange.status, exchange.body], [201, "POST,localhost,1,yes"]);
});

Deno.test("httpApi() gives embedders bodies up to a bound", async () => {
  const options = user("/x", async (request) => {
    return new Response(String((await request.arrayBuffer()).byteLength));
  });
  const pieceBytes = HTTP_LIMITS.userRequestBytes / 4;
  for (const [moreBytes, status] of [[0, 200], [1, 413]]) {
    const exchange = new FakeExchange("/x");
    httpApi({ routes: new Map(), userHandlers: new Map(), logger, ...options })(exchange);
    for (let i = 0; i < 4; i++) exchange.sendBody("x".repeat(pieceBytes));
    exchange.sendBody("x".repeat(moreBytes));
    exchange.endBody();
    await untilFinished(exchange);
    assert.equal(exchange.status, status);
  }
});

Deno.test("httpApi() sends a body that is made on the way as fast as the client takes it", async () => {
  let madeCount = 0;
  let stopped = false;
  const body = () =>
    ReadableStream.from((async function* () {
      try {
        for (let i = 0; i < 10; i++) {
          madeCount++;
          yield new Uint8Array(HTTP_LIMITS.sentPieceBytes).fill(0x30 + i);
          await Promise.resolve();
        }
      } finally {
        stopped = true;
      }
    })());
  const options = user("/x", () => new Response(body()));
  const exchange = get("/x");
  exchange.stuck = true;
  ask(exchange, options);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(exchange.sendCount, 1);
  const madeAtFirst = madeCount;
  assert.ok(madeAtFirst <= 3, "the web's streams read a little ahead");
  exchange.listener?.drained();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([exchange.sendCount, madeCount], [2, madeAtFirst + 1]);
  exchange.leave();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(stopped, true);
  const patient = get("/x");
  ask(patient, options);
  assert.equal((await untilFinished(patient)).body.length, 10 * HTTP_LIMITS.sentPieceBytes);
});

Deno.test("httpApi() answers 500 for a handler that throws, and breaks a response off", async () => {
  errors.length = 0;
  const failing = get("/x");
  ask(failing, user("/x", () => Promise.reject(new Error("a defect"))));
  await untilFinished(failing);
  assert.deepEqual([failing.status, failing.aborted], [500, false]);
  const broken = () =>
    ReadableStream.from((async function* () {
      yield Uint8Array.of(0x61);
      await Promise.reject(new Error("a defect"));
    })());
  const half = get("/x");
  ask(half, user("/x", () => new Response(broken())));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([half.status, half.body, half.aborted], [200, "a", true]);
  assert.equal(errors.length, 2);
});

Deno.test("httpApi() gives embedders web requests and takes web responses", async () => {
  const exchange = new FakeExchange("/user/x?y=1", ["x-test", "a", "x-test", "b", "cookie", "c"]);
  ask(
    exchange,
    user("/user/", async (request) => {
      const text = await request.text();
      const { pathname, search } = new URL(request.url);
      const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
      headers.set("transfer-encoding", "chunked");
      const parts = [request.method, pathname, search, request.headers.get("x-test"), text];
      return new Response(parts.join(), { status: 202, headers });
    }),
    "body",
  );
  await untilFinished(exchange);
  assert.deepEqual([exchange.status, exchange.body], [202, "POST,/user/x,?y=1,a, b,body"]);
  assert.deepEqual(exchange.fields.filter((field) => /cookie|^[ab]=/.test(field)), [
    ...["set-cookie", "a=1", "set-cookie", "b=2"],
  ]);
  assert(!exchange.fields.includes("transfer-encoding"));
  const empty = get("/user/x");
  ask(empty, user("/user/", () => new Response(null, { status: 204 })));
  assert.equal((await untilFinished(empty)).status, 204);
});

/** A response that begins, and then has nothing more to say. */
class IdleResponse {
  isCancelled = false;

  make(): Response {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Uint8Array.of(0x61)),
      cancel: () => void (this.isCancelled = true),
    });
    return new Response(body);
  }
}

Deno.test("httpApi() cancels the body of a client that goes, also while there is nothing to send", async () => {
  for (const stuck of [false, true]) {
    const response = new IdleResponse();
    const exchange = get("/x");
    exchange.stuck = stuck;
    ask(exchange, user("/x", () => response.make()));
    while (exchange.sendCount === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(response.isCancelled, false);
    exchange.leave();
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(response.isCancelled, true);
  }
});

Deno.test("httpApi() cancels the body that a handler makes for a client that has gone", async () => {
  const response = new IdleResponse();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  const exchange = get("/x");
  ask(
    exchange,
    user("/x", () => {
      asked.resolve();
      return answered.promise;
    }),
  );
  await asked.promise;
  exchange.leave();
  answered.resolve(response.make());
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual([response.isCancelled, exchange.sendCount], [true, 0]);
});

Deno.test("httpApi() refuses a path that a web request would turn into another one", async () => {
  const paths: string[] = [];
  const handler = user("/user/", (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response("");
  });
  for (const way of ["%2e%2e/", ".%2E/", "%2e/", "..\\", "x\\..\\..\\", "a#", "%2e%2e?"]) {
    const exchange = get(`/user/${way}admin`);
    ask(exchange, handler);
    assert.equal((await untilFinished(exchange)).status, 400, way);
  }
  assert.deepEqual(paths, []);
  for (const path of ["/user/%2f..%2f", "/user/..a/%2e%2e%2e", "/user/a%5c..%5cb"]) {
    const exchange = get(path);
    ask(exchange, handler);
    await untilFinished(exchange);
    assert.equal(paths.pop(), path);
  }
});

Deno.test("httpApi() refuses a request that the web's Request cannot hold", async () => {
  const exchange = new FakeExchange("/user", [], { method: "TRACE" });
  ask(exchange, user("/user", () => new Response("")));
  assert.equal((await untilFinished(exchange)).status, 400);
});

Deno.test("httpApi() gives the gateway what is below /v3/, but for longer patterns of embedders", async () => {
  const gateway: GatewayHandler = (exchange) => exchange.respond(200, [], "gateway");
  const options: Partial<HttpApiOptions> = {
    gateway,
    userHandlers: new Map([
      ["/", () => new Response("all")],
      ["/v3/mine", () => new Response("mine")],
    ]),
  };
  for (
    const [target, answer] of [["/v3/kv/put", "gateway"], ["/v3/mine", "mine"], ["/x", "all"], [
      "/v3beta/x",
      "gateway",
    ]]
  ) {
    const exchange = get(target);
    ask(exchange, options);
    assert.equal((await untilFinished(exchange)).body, answer, target);
  }
});

Deno.test("getOnly() refuses other methods", async () => {
  const routes = new Map([["/x", getOnly(() => textResponse(200, "x"))]]);
  const exchange = new FakeExchange("/x");
  ask(exchange, { routes });
  await untilFinished(exchange);
  assert.equal(exchange.status, 405);
  assert(exchange.fields.includes("allow"));
});
