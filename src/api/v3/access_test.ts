import assert from "node:assert/strict";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { Metadata } from "../../net/grpc/metadata.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { startServer, testConfig } from "../../server/testing/server_fixtures.ts";
import { requesterOf, requireRoot, requireUser, tokenOf } from "./access.ts";

type Fields = Readonly<Record<string, string>>;

/** A call of which nothing matters but who makes it. */
function call(fields: Fields, commonName?: string): ServerCall {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.add(name, value);
  const nothing = (): void => {};
  return {
    path: "/",
    metadata,
    authority: "",
    remote: { ...LOCAL_END, commonName },
    deadlineMs: Infinity,
    cancelled: false,
    finished: false,
    onCancel: undefined,
    onDrain: undefined,
    sendMetadata: nothing,
    respond: nothing,
    send: () => true,
    end: nothing,
    fail: nothing,
    pause: nothing,
    resume: nothing,
  };
}

async function withServer(
  usesCommonNames: boolean,
  use: (server: EtcdServer) => void,
): Promise<void> {
  const auth = { token: "simple", tokenTtlSeconds: 300, bcryptCost: 4, usesCommonNames };
  const server = await startServer(testConfig(undefined, { auth }));
  const { store } = server.auth;
  for (const name of ["root", "user"]) {
    store.addUser({ name, passwordHash: new Uint8Array(0), noPassword: true });
  }
  store.grantRole("root", "root");
  store.enable();
  use(server);
  await server.stop();
}

Deno.test("requesterOf() takes the common name of a certificate where there is no token", () =>
  withServer(true, ({ auth }) => {
    const named = requesterOf(auth, call({}, "user"));
    assert.deepEqual([named.username, named.authRevision], ["user", auth.revision]);
    assert.equal(requesterOf(auth, call({}, "user")), named, "nothing new is made");
    assert.throws(() => requireUser(auth, call({})), ETCD_ERRORS.userEmpty);
    const token = auth.tokens.admitted("root", "seed", 1);
    assert.equal(requesterOf(auth, call({ token }, "user")).username, "root");
    assert.throws(
      () => requireUser(auth, call({ token: "x" }, "user")),
      ETCD_ERRORS.invalidAuthToken,
    );
    // The certificate is the gateway's own.
    const viaGateway = call({ "grpcgateway-accept": "*/*" }, "user");
    assert.throws(() => requireUser(auth, viaGateway), ETCD_ERRORS.userEmpty);
    requireRoot(auth, call({}, "root"));
    assert.throws(() => requireRoot(auth, call({}, "user")), ETCD_ERRORS.permissionDenied);
    assert.throws(() => requireRoot(auth, call({}, "none")), ETCD_ERRORS.userNotFound);
    assert.throws(() => requireRoot(auth, call({}, "")), ETCD_ERRORS.userEmpty);
    assert.equal(requireUser(auth, call({}, "")).username, "");
  }));

Deno.test("requesterOf() does not look at certificates unless it is told to", () =>
  withServer(false, ({ auth }) => {
    assert.throws(() => requireUser(auth, call({}, "root")), ETCD_ERRORS.userEmpty);
  }));

Deno.test("requesterOf() looks at nothing while authentication is off", () =>
  withServer(true, ({ auth }) => {
    auth.store.disable();
    assert.equal(requireRoot(auth, call({ token: "x" }, "user")).username, "");
  }));

Deno.test("tokenOf() finds the token under either name", () => {
  assert.equal(tokenOf(call({})), undefined);
  assert.equal(tokenOf(call({ token: "t" })), "t");
  assert.equal(tokenOf(call({ token: "" })), "");
  assert.equal(tokenOf(call({ authorization: "Bearer t" })), "t");
  assert.equal(tokenOf(call({ authorization: "a", token: "Bearer t" })), "t");
});
