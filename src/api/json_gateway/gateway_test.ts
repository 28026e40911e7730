import assert from "node:assert/strict";
import { latin1FromBytes } from "../../base/bytes.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { GrpcServer } from "../../net/grpc/server.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { FakeExchange } from "../../net/http/testing/fake_exchange.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import {
  PutRequest,
  PutResponse,
  RangeResponse,
  SnapshotResponse,
  WatchRequest,
  WatchResponse,
} from "../../pb/etcdserverpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE, WATCH_SERVICE } from "../../pb/services.ts";
import { Gateway } from "./gateway.ts";
import { GATEWAY_LIMITS } from "./limits.ts";

const MAX_MESSAGE_BYTES = 10_000;

/** A gateway with one handler for each kind of method, whose calls the test holds in its hands. */
class Setup {
  readonly clock = new ManualClock();
  readonly handled: number[] = [];
  readonly grpc = new GrpcServer({
    maxReceiveMessageBytes: MAX_MESSAGE_BYTES,
    maxSendMessageBytes: 2 ** 31,
    clock: this.clock,
    observer: {
      timed: false,
      started() {},
      received() {},
      sent() {},
      handled: (_method, code) => void this.handled.push(code),
    },
  });
  usesCommonNames = false;
  readonly gateway = new Gateway({
    grpc: this.grpc,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    usesCommonNames: () => this.usesCommonNames,
    clock: this.clock,
  });
  readonly calls: ServerCall[] = [];
  readonly requests: unknown[] = [];
  readonly ends: string[] = [];

  constructor() {
    this.grpc.addUnary(KV_SERVICE.put.path, (call, bytes, start, end) => {
      const { key, value } = PutRequest.decode(bytes, start, end);
      this.requests.push(`${key}=${latin1FromBytes(value)}`);
      this.#hold(call);
    });
    this.grpc.addUnary(KV_SERVICE.range.path, (call) => this.#hold(call));
    this.grpc.addStream(MAINTENANCE_SERVICE.snapshot.path, (call) => {
      this.#hold(call);
      return { message: () => {}, halfClosed: () => {} };
    }, "server_stream");
    this.grpc.addStream(WATCH_SERVICE.watch.path, (call) => {
      this.#hold(call);
      return {
        message: (bytes, start, end) => {
          this.requests.push(WatchRequest.decode(bytes, start, end));
        },
        halfClosed: () => void this.ends.push("half closed"),
      };
    });
  }

  #hold(call: ServerCall): void {
    call.onCancel = (reason) => this.ends.push(reason);
    this.calls.push(call);
  }

  open(path: string, headers: readonly string[] = []): FakeExchange {
    const exchange = new FakeExchange(path, headers);
    this.gateway.handle(exchange, path);
    return exchange;
  }

  ask(path: string, body: string, headers: readonly string[] = []): FakeExchange {
    const exchange = this.open(path, headers);
    exchange.sendBody(body);
    exchange.endBody();
    return exchange;
  }

  /** Nothing may be left of what was asked. */
  end(): void {
    assert.equal(this.gateway.unfinishedBytes, 0);
    assert.equal(this.grpc.counters.activeCalls, 0);
    this.grpc.close();
    assert.equal(this.clock.timerCount, 0);
  }
}

function respond(call: ServerCall, bytes: Uint8Array): void {
  call.respond(bytes, 0, bytes.length);
}

function send(call: ServerCall, bytes: Uint8Array): boolean {
  return call.send(bytes, 0, bytes.length);
}

Deno.test("Gateway answers a call when its handler does", () => {
  const setup = new Setup();
  const exchange = setup.open("/v3/kv/put");
  exchange.sendBody('{"key":"Zm9v",');
  exchange.sendBody('"value":"YmFy"}');
  assert.equal(setup.requests.length, 0);
  exchange.endBody();
  assert.deepEqual(setup.requests, ["foo=bar"]);
  assert.equal(exchange.finished, false);
  respond(setup.calls[0], PutResponse.encode(PutResponse.create()));
  assert.deepEqual([exchange.status, exchange.body], [200, "{}"]);
  assert.deepEqual(setup.handled, [GrpcCode.OK]);
  setup.end();
});

Deno.test("Gateway hands the token and marked headers to the handler, and no certificate's name", () => {
  const setup = new Setup();
  const headers = ["authorization", "token", "grpc-metadata-hasleader", "true", "cookie", "x"];
  const remote = { address: "1.2.3.4", isEncrypted: true, commonName: "root" };
  const exchange = new FakeExchange("/v3/kv/range", headers, { remote });
  setup.gateway.handle(exchange, "/v3/kv/range");
  exchange.endBody();
  const [call] = setup.calls;
  assert.deepEqual(call.metadata.fields, ["authorization", "token", "hasleader", "true"]);
  assert.deepEqual(call.remote, { address: "1.2.3.4", isEncrypted: true, commonName: undefined });
  call.fail(GrpcCode.Unauthenticated, "etcdserver: invalid auth token");
  assert.equal(exchange.status, 401);
  assert(exchange.fields.includes("www-authenticate"));
  setup.end();
});

Deno.test("Gateway refuses a certificate's name while such names are users", () => {
  const setup = new Setup();
  setup.usesCommonNames = true;
  const remote = { address: "", isEncrypted: true, commonName: "root" };
  const exchange = new FakeExchange("/v3/kv/range", [], { remote });
  setup.gateway.handle(exchange, "/v3/kv/range");
  assert.deepEqual([exchange.status, exchange.body], [
    400,
    "CommonName of client sending a request against gateway will be ignored and not used as expected\n",
  ]);
  setup.end();
});

Deno.test("Gateway cancels the call of a client that goes away", () => {
  const setup = new Setup();
  setup.ask("/v3/kv/put", '{"key":"Zm9v"}').leave();
  const watch = setup.open("/v3/watch");
  watch.sendBody('{"create_request":{"key":"Zm9v"}} {"create_req');
  assert(setup.gateway.unfinishedBytes > 0);
  watch.leave();
  setup.open("/v3/kv/put").leave();
  const half = setup.open("/v3/kv/put");
  half.sendBody('{"key":');
  half.leave();
  assert.deepEqual(setup.ends, ["cancelled", "cancelled"]);
  // What the handlers say now is said to nobody.
  for (const call of setup.calls) respond(call, PutResponse.encode(PutResponse.create()));
  setup.end();
});

Deno.test("Gateway gives each JSON text of a body to the handler, however they are cut", () => {
  const texts = ['{"create_request":{"key":"AA=="}}', '{"cancel_request":{"watch_id":"1"}}'];
  const body = ` ${texts[0]}\n${texts[1]}${texts[0]} `;
  for (let size = 1; size <= body.length; size += 3) {
    const setup = new Setup();
    const exchange = setup.open("/v3/watch");
    for (let at = 0; at < body.length; at += size) exchange.sendBody(body.slice(at, at + size));
    assert.equal(setup.requests.length, 3);
    exchange.endBody();
    assert.deepEqual(setup.ends, ["half closed"]);
    setup.calls[0].end();
    assert.deepEqual([exchange.finished, exchange.body], [true, ""]);
    setup.end();
  }
});

Deno.test("Gateway answers a stream line by line, and its error in a line of its own", () => {
  const setup = new Setup();
  const exchange = setup.ask("/v3/watch", '{"create_request":{"key":"AA=="}}');
  const [call] = setup.calls;
  const response = WatchResponse.encode(WatchResponse.create({ created: true, watchId: 3n }));
  assert.equal(send(call, response), true);
  assert.equal(send(call, response), true);
  call.fail(GrpcCode.Unavailable, 'etcdserver: "no" leader');
  const line = '{"result":{"watch_id":"3","created":true}}\n';
  const error = '{"error":{"code":14,"message":"etcdserver: \\"no\\" leader"}}\n';
  assert.equal(exchange.body, line + line + error);
  setup.end();
  const other = new Setup();
  const failed = other.ask("/v3/watch", "");
  other.calls[0].fail(GrpcCode.Unavailable, "no");
  assert.deepEqual([failed.status, failed.body], [
    503,
    '{"error":{"code":14,"message":"no"}}\n',
  ]);
  other.end();
});

Deno.test("Gateway refuses a request that is malformed, alone or in the midst of a stream", () => {
  const setup = new Setup();
  const first = setup.ask("/v3/watch", "{x");
  assert.equal(first.status, 400);
  const second = setup.ask("/v3/watch", '{"create_request":{}} {"create_request":5}');
  assert.equal(second.status, 400);
  assert.match(second.body, /^\{"error":\{"code":3,"message":"proto: syntax error /);
  const third = setup.ask("/v3/watch", '{"create_req');
  assert.match(third.body, /unexpected EOF/);
  assert.equal(setup.ask("/v3/kv/put", '{"key":').status, 400);
  assert.deepEqual(setup.ends, ["cancelled", "cancelled", "cancelled"]);
  setup.end();
});

Deno.test("Gateway refuses bodies and messages beyond its bounds", () => {
  const setup = new Setup();
  const value = btoa("x".repeat(MAX_MESSAGE_BYTES));
  const message = setup.ask("/v3/kv/put", `{"key":"AA==","value":"${value}"}`);
  assert.equal(message.status, 429);
  assert.match(message.body, /received message larger than max \(10006 vs\. 10000\)/);
  const body = setup.open("/v3/kv/put");
  while (!body.finished) body.sendBody(" ".repeat(100_000));
  assert.equal(body.status, 429);
  const text = setup.open("/v3/watch");
  text.sendBody('{"x":"');
  while (!text.finished) text.sendBody("x".repeat(100_000));
  assert.equal(text.status, 429);
  setup.end();
});

Deno.test("Gateway writes a long response in steps, as fast as the client takes it", () => {
  const setup = new Setup();
  const exchange = setup.ask("/v3/kv/range", "{}");
  const kv = KeyValue.encode(KeyValue.create({ value: new Uint8Array(1_000) }));
  const kvs = Array.from({ length: 3_000 }, () => KeyValue.decode(kv));
  exchange.stuck = true;
  const bytes = RangeResponse.encode(RangeResponse.create({ kvs, count: 3_000 }));
  respond(setup.calls[0], bytes);
  bytes.fill(0xff);
  assert.equal(exchange.sendCount, 1);
  exchange.listener?.drained();
  assert.equal(exchange.sendCount, 2);
  exchange.stuck = false;
  exchange.listener?.drained();
  assert(exchange.sendCount <= 2 + GATEWAY_LIMITS.stepsPerTurn);
  for (let i = 0; i < 10 && !exchange.finished; i++) setup.clock.advance(1);
  assert.equal(JSON.parse(exchange.body).kvs.length, 3_000);
  assert.equal(JSON.parse(exchange.body).count, "3000");
  setup.end();
});

Deno.test("Gateway keeps messages of a stream in order behind a long one, and tells when it is out", () => {
  const setup = new Setup();
  const exchange = setup.ask("/v3/maintenance/snapshot", "{}");
  const [call] = setup.calls;
  let drainCount = 0;
  call.onDrain = () => drainCount++;
  const blob = new Uint8Array(GATEWAY_LIMITS.stepwiseFromBytes);
  const long = SnapshotResponse.encode(SnapshotResponse.create({ blob }));
  exchange.stuck = true;
  assert.equal(send(call, long), false);
  assert.equal(
    send(call, SnapshotResponse.encode(SnapshotResponse.create({ version: "2" }))),
    false,
  );
  call.end();
  assert.equal(exchange.finished, false);
  exchange.stuck = false;
  for (let i = 0; i < 10 && !exchange.finished; i++) exchange.listener?.drained();
  const lines = exchange.body.trim().split("\n").map((line) => JSON.parse(line).result);
  assert.equal(atob(lines[0].blob).length, blob.length);
  assert.deepEqual(lines[1], { version: "2" });
  assert.equal(drainCount, 0);
  setup.end();
});

Deno.test("Gateway gives up a long response when its client goes", () => {
  const setup = new Setup();
  const exchange = setup.ask("/v3/maintenance/snapshot", "{}");
  exchange.stuck = true;
  const blob = new Uint8Array(1_000_000);
  send(setup.calls[0], SnapshotResponse.encode(SnapshotResponse.create({ blob })));
  exchange.leave();
  assert.deepEqual(setup.ends, ["cancelled"]);
  setup.end();
});

Deno.test("Gateway reads a long request in steps, unless its client goes", () => {
  const setup = new Setup();
  const long = `{"x":[${"1,".repeat(300_000)}1],"key":"Zm9v","value":"YmFy"}`;
  const exchange = setup.ask("/v3/kv/put", long);
  const left = setup.ask("/v3/kv/put", long);
  const malformed = setup.ask("/v3/kv/put", long.replace('"YmFy"}', '"YmFy"'));
  assert.deepEqual([setup.requests.length, malformed.finished], [0, false]);
  left.leave();
  for (let i = 0; i < 100 && setup.clock.timerCount > 0; i++) setup.clock.advance(1);
  assert.deepEqual(setup.requests, ["foo=bar"]);
  assert.match(malformed.body, /unexpected EOF/);
  respond(setup.calls[0], PutResponse.encode(PutResponse.create()));
  assert.equal(exchange.status, 200);
  setup.end();
});

Deno.test("Gateway ends a call whose time is up", () => {
  const setup = new Setup();
  const exchange = setup.ask("/v3/kv/put", '{"key":"AA=="}', ["grpc-timeout", "1S"]);
  setup.clock.advance(2_000);
  assert.deepEqual([exchange.status, exchange.body], [
    504,
    '{"code":4,"message":"context deadline exceeded"}',
  ]);
  assert.deepEqual(setup.ends, ["deadline"]);
  setup.end();
});

Deno.test("Gateway says that a method is not there yet", () => {
  const setup = new Setup();
  const exchange = setup.ask("/v3/lock/lock", "{}");
  assert.deepEqual([exchange.status, exchange.body], [
    501,
    '{"code":12,"message":"unknown service v3lockpb.Lock"}',
  ]);
  const closed = new Setup();
  closed.grpc.close();
  assert.equal(closed.ask("/v3/kv/put", '{"key":"AA=="}').status, 503);
});
