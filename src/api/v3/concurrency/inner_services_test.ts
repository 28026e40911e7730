import assert from "node:assert/strict";
import { Metadata } from "../../../net/grpc/metadata.ts";
import { InProcessCall } from "../../../net/grpc/in_process_call.ts";
import { LOCAL_END } from "../../../net/remote_end.ts";
import { KV_SERVICE, LOCK_SERVICE } from "../../../pb/services.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import { startServer, testConfig } from "../../../server/testing/server_fixtures.ts";
import { InnerServices } from "./inner_services.ts";

/** A server with JSON web tokens, on which root must say who it is. */
async function startWithTokens(): Promise<EtcdServer> {
  const secret = Deno.makeTempFileSync({ prefix: "inner-services-test-" });
  try {
    Deno.writeFileSync(secret, new Uint8Array(64).fill(7));
    const token = `jwt,sign-method=HS256,priv-key=${secret}`;
    const auth = { token, tokenTtlSeconds: 300, bcryptCost: 4, usesCommonNames: false };
    const server = await startServer(testConfig(undefined, { auth }));
    const { store } = server.auth;
    store.addUser({ name: "root", passwordHash: new Uint8Array(0), noPassword: true });
    store.grantRole("root", "root");
    store.enable();
    return server;
  } finally {
    Deno.removeSync(secret);
  }
}

Deno.test("InnerServices know a token that was forgotten while its owner waited", async () => {
  const server = await startWithTokens();
  const { tokens, revision } = server.auth;
  const metadata = new Metadata();
  metadata.add("token", await tokens.issue("root", revision, ""));
  const head = { path: LOCK_SERVICE.lock.path, metadata, authority: "", remote: LOCAL_END };
  const receiver = { message: () => true, ended() {} };
  const caller = new InnerServices(server).clientFor(new InProcessCall(head, Infinity, receiver));
  const { kvs } = await caller.request(KV_SERVICE.range, { key: "k" });
  assert.deepEqual(kvs, []);
  await server.stop();
});
