import assert from "node:assert/strict";
import { ETCD_ERRORS, type EtcdError } from "../../../core/errors.ts";
import { AuthenticateRequest, AuthenticateResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE, KV_SERVICE } from "../../../pb/services.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import { withCredentials } from "./authenticated_transport.ts";
import { ClientError } from "../client_error.ts";
import { FakeTransport } from "../testing/fake_transport.ts";
import type { Transport } from "./transport.ts";

const BYTES = new Uint8Array(1);
const PATH = KV_SERVICE.range.path;
const ADA = { user: "ada", password: "lovelace" };

/** A server with authentication, as far as a client can tell. */
class AuthenticatingServer {
  readonly network = new FakeTransport();
  readonly clock = new ManualClock();
  readonly transport: Transport;
  isEnabled = true;
  authentications = 0;
  /** What it refuses calls with that have this token. */
  readonly refused = new Map<string | undefined, EtcdError>([[undefined, ETCD_ERRORS.userEmpty]]);
  /** The tokens of the calls that came. */
  readonly tokens: (string | undefined)[] = [];

  constructor() {
    this.network.answer = (path, request, { token }) => {
      if (path === AUTH_SERVICE.authenticate.path) return this.#authenticate(request);
      this.tokens.push(token);
      const refusal = this.isEnabled ? this.refused.get(token) : undefined;
      return refusal === undefined ? Promise.resolve(BYTES) : Promise.reject(failure(refusal));
    };
    this.transport = withCredentials(this.network, this.clock, ADA);
  }

  call(): Promise<Uint8Array> {
    return this.transport.unary(PATH, BYTES);
  }

  async #authenticate(request: Uint8Array): Promise<Uint8Array> {
    await Promise.resolve();
    assert.deepEqual(AuthenticateRequest.decode(request), { name: "ada", password: "lovelace" });
    if (!this.isEnabled) throw failure(ETCD_ERRORS.authNotEnabled);
    const token = `token ${++this.authentications}`;
    return AuthenticateResponse.encode(AuthenticateResponse.create({ token }));
  }
}

function failure({ code, message }: EtcdError): ClientError {
  return new ClientError(code, message);
}

Deno.test("withCredentials() leaves a transport alone that needs none", () => {
  const network = new FakeTransport();
  assert.equal(withCredentials(network, new ManualClock(), {}), network);
});

Deno.test("withCredentials() sends a token that is given with calls and streams", async () => {
  const network = new FakeTransport();
  const tokens: (string | undefined)[] = [];
  network.answer = (_path, _request, { token }) => {
    tokens.push(token);
    return Promise.resolve(BYTES);
  };
  const transport = withCredentials(network, new ManualClock(), { token: "a.b.c" });
  await transport.unary(PATH, BYTES);
  await transport.unary(PATH, BYTES, { token: "other" });
  assert.deepEqual(tokens, ["a.b.c", "other"]);
  transport.stream(PATH, { message() {}, closed() {} });
  assert.equal(network.streams[0].options.token, "a.b.c");
});

Deno.test("withCredentials() refuses credentials that lack a part or contradict each other", () => {
  const wrong = [
    { user: "ada" },
    { password: "x" },
    { user: "", password: "x" },
    { token: "x", user: "ada", password: "x" },
    { token: "" },
    { token: "line\nbreak" },
  ];
  for (const credentials of wrong) {
    assert.throws(
      () => withCredentials(new FakeTransport(), new ManualClock(), credentials),
      { name: "TypeError", message: /^Cannot authenticate/ },
    );
  }
});

Deno.test("AuthenticatedTransport asks for one token for calls that come together", async () => {
  const server = new AuthenticatingServer();
  await Promise.all([server.call(), server.call(), server.call()]);
  await server.call();
  assert.equal(server.authentications, 1);
  assert.deepEqual(new Set(server.tokens), new Set(["token 1"]));
});

Deno.test("AuthenticatedTransport asks for another token when one is refused, once", async () => {
  for (const refusal of [ETCD_ERRORS.invalidAuthToken, ETCD_ERRORS.authOldRevision]) {
    const server = new AuthenticatingServer();
    server.refused.set("token 1", refusal);
    await server.call();
    assert.deepEqual(server.tokens, ["token 1", "token 2"]);
    for (const token of ["token 2", "token 3"]) server.refused.set(token, refusal);
    await assert.rejects(server.call(), { message: refusal.message });
    assert.equal(server.authentications, 3);
  }
});

Deno.test("AuthenticatedTransport does not repeat a call that failed otherwise", async () => {
  const server = new AuthenticatingServer();
  server.refused.set("token 1", ETCD_ERRORS.permissionDenied);
  await assert.rejects(server.call(), { message: ETCD_ERRORS.permissionDenied.message });
  assert.deepEqual(server.tokens, ["token 1"]);
});

Deno.test("AuthenticatedTransport sends no token until authentication is enabled", async () => {
  const server = new AuthenticatingServer();
  server.isEnabled = false;
  await server.call();
  await server.call();
  server.isEnabled = true;
  await server.call();
  assert.deepEqual(server.tokens, [undefined, undefined, undefined, "token 1"]);
});

Deno.test("AuthenticatedTransport gives up at the deadline of a call", async () => {
  const server = new AuthenticatingServer();
  server.network.answer = () => new Promise(() => {});
  const late = server.transport.unary(PATH, BYTES, { timeoutMs: 50 });
  await Promise.resolve();
  server.clock.advance(50);
  await assert.rejects(late, { message: "context deadline exceeded" });
  const controller = new AbortController();
  const canceled = server.transport.unary(PATH, BYTES, { signal: controller.signal });
  controller.abort();
  await assert.rejects(canceled, { message: "the call was canceled by its caller" });
});

Deno.test("AuthenticatedTransport opens streams with a token that is not old", async () => {
  const server = new AuthenticatingServer();
  const open = async (): Promise<string | undefined> => {
    const stream = server.transport.stream(PATH, { message() {}, closed() {} });
    stream.send(BYTES);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const opened = server.network.streams.at(-1);
    assert.deepEqual(opened?.sent, [BYTES], "sent before it was open");
    return opened?.options.token;
  };
  assert.equal(await open(), "token 1");
  assert.equal(await open(), "token 1");
  server.clock.advance(10_000);
  assert.equal(await open(), "token 2");
});

Deno.test("AuthenticatedTransport trusts no token once a stream was lost with its server", async () => {
  const server = new AuthenticatingServer();
  const open = async () => {
    server.transport.stream(PATH, { message() {}, closed() {} });
    await new Promise((resolve) => setTimeout(resolve, 0));
    return server.network.streams.at(-1);
  };
  const first = await open();
  first?.end(new ClientError(GrpcCode.Canceled, "by its caller"));
  const second = await open();
  assert.equal(second?.options.token, "token 1");
  second?.end(new ClientError(GrpcCode.Unavailable, "the connection was lost"));
  assert.equal((await open())?.options.token, "token 2");
});

Deno.test("AuthenticatedTransport tells a stream when it cannot get a token", async () => {
  const server = new AuthenticatingServer();
  server.network.answer = () => Promise.reject(failure(ETCD_ERRORS.authFailed));
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  server.transport.stream(PATH, { message() {}, closed: resolve });
  assert.equal((await promise)?.message, ETCD_ERRORS.authFailed.message);
  assert.equal(server.network.streams.length, 0);
});

Deno.test("a stream that waits for its token can be canceled", async () => {
  const server = new AuthenticatingServer();
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const stream = server.transport.stream(PATH, { message() {}, closed: resolve });
  stream.cancel();
  assert.match(String(await promise), /canceled/);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(server.network.streams.length, 0);
});
