import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { systemClock } from "../../base/clock.ts";
import { GrpcServer } from "../../net/grpc/server.ts";
import { deliver, frameMessage, openStream } from "../../net/grpc/testing/fake_stream.ts";
import { Permission } from "../../pb/authpb.ts";
import { LEASE_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { startServer, testConfig } from "../../server/testing/server_fixtures.ts";
import { V3_LIMITS } from "./limits.ts";
import { registerServices } from "./services.ts";

const KEY_COUNT = 10 * V3_LIMITS.checkedKeysPerTurn;

/** A server on which a user may read all of the many keys on a lease; returns the user's token. */
async function startWithLeasedKeys(): Promise<{ server: EtcdServer; token: string }> {
  const server = await startServer(testConfig(undefined));
  const { auth, lessor } = server;
  for (const name of ["root", "user"]) {
    auth.store.addUser({ name, passwordHash: new Uint8Array(0), noPassword: true });
  }
  auth.store.grantRole("root", "root");
  auth.store.addRole("r");
  auth.store.grantRole("user", "r");
  auth.store.grantPermission("r", Permission.create({ key: "k", rangeEnd: "l" }));
  auth.store.enable();
  lessor.grant(1n, 600, 0);
  for (let i = 0; i < KEY_COUNT; i++) lessor.attach(1n, `k${i}`);
  return { server, token: auth.tokens.admitted("user", "seed", 1) };
}

Deno.test("LeaseLeases does not go on looking at keys for a client that has gone", async () => {
  const { server, token } = await startWithLeasedKeys();
  const sizes = { maxReceiveMessageBytes: 1 << 20, maxSendMessageBytes: 1 << 20 };
  const grpc = new GrpcServer({ clock: systemClock, ...sizes });
  registerServices(grpc, server);
  let checkCount = 0;
  const checkRead = server.auth.store.checkRead.bind(server.auth.store);
  server.auth.store.checkRead = (...what) => {
    checkCount++;
    checkRead(...what);
  };
  const ask = () => {
    const stream = openStream(grpc, { ":path": LEASE_SERVICE.leaseLeases.path, token });
    deliver(stream, frameMessage(new Uint8Array(0)));
    stream.listener?.end();
    return stream;
  };
  const patient = ask();
  while (!patient.finished) await setTimeout(0);
  assert.deepEqual([patient.status, checkCount], ["0", KEY_COUNT]);
  checkCount = 0;
  ask().listener?.closed(8);
  const seenAtFirst = checkCount;
  assert.ok(seenAtFirst > 0 && seenAtFirst < KEY_COUNT);
  await setTimeout(50);
  assert.equal(checkCount, seenAtFirst);
  grpc.close();
  await server.stop();
});
