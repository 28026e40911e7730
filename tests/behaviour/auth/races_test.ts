import assert from "node:assert/strict";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import {
  addUserWithRole,
  AuthAdmin,
  authenticate,
  enableAuth,
  withToken,
} from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import { range } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const ROUNDS = 15;
const PUTS_PER_ROUND = 30;

const OK = "ok";
const DENIED = "etcdserver: permission denied";
const OLD_REVISION = "etcdserver: revision of auth store is old";
const AUTH_FAILED = "etcdserver: authentication failed, invalid user ID or password";

async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return OK;
  } catch (error) {
    if (!(error instanceof Error && "details" in error)) throw error;
    return String(error.details);
  }
}

/** How many keys are there that begin with the prefix. */
async function countOf(client: GrpcClient, root: string, prefix: string): Promise<number> {
  const fields = { key: prefix, rangeEnd: `${prefix.slice(0, -1)}0`, countOnly: true };
  return (await client.call(KV_SERVICE.range, fields, withToken(root))).count;
}

describeBothTargets("auth under way", (test) => {
  test("what is asked for while rights change is done or refused, never half", async ({ client }) => {
    const root = await enableAuth(client);
    const admin = new AuthAdmin(client, root);
    const token = await addUserWithRole(client, root, "user");
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const prefix = `r${round}/`;
      await admin.grant("user", prefix, `r${round}0`);
      const puts: Promise<string>[] = [];
      const write = (): void => {
        const key = `${prefix}${puts.length}`;
        puts.push(outcomeOf(client.call(KV_SERVICE.put, { key }, withToken(token))));
      };
      for (let i = 0; i < PUTS_PER_ROUND; i++) write();
      const revoked = admin.revoke("user", prefix, `r${round}0`);
      for (let i = 0; i < PUTS_PER_ROUND; i++) write();
      await revoked;
      const behind = puts.length;
      write();
      const outcomes = await Promise.all(puts);
      // Whoever asks behind the answer to the change is under the new rights.
      assert.equal(outcomes[behind], DENIED);
      for (const outcome of outcomes) seen.add(outcome);
      const doneCount = outcomes.filter((outcome) => outcome === OK).length;
      assert.equal(await countOf(client, root, prefix), doneCount);
    }
    for (const outcome of seen) assert.ok([OK, DENIED, OLD_REVISION].includes(outcome), outcome);
  });

  test("no token of a password outlives it, whenever it was asked for", async ({ client }) => {
    const root = await authenticate(client, "root", "root");
    const admin = new AuthAdmin(client, root);
    await admin.addUser("changing", "0");
    await admin.grantRole("changing", "root");
    for (let round = 0; round < 5; round++) {
      const logins = Array.from({ length: 4 }, async () => {
        try {
          return await authenticate(client, "changing", String(round));
        } catch (error) {
          assert.ok(error instanceof Error && error.message.includes(AUTH_FAILED), String(error));
          return undefined;
        }
      });
      await admin.changePassword("changing", String(round + 1));
      for (const token of await Promise.all(logins)) {
        if (token === undefined) continue;
        const get = client.call(KV_SERVICE.range, { key: "k" }, withToken(token));
        assert.equal((await refusal(get)).text, "etcdserver: invalid auth token");
      }
      const token = await authenticate(client, "changing", String(round + 1));
      await client.call(KV_SERVICE.range, { key: "k" }, withToken(token));
    }
  });

  test("many may log in at once, also with the wrong password", async ({ client }) => {
    const logins = Array.from({ length: 24 }, (_, i) => {
      const password = i % 3 === 0 ? "wrong" : "root";
      return outcomeOf(authenticate(client, "root", password));
    });
    const outcomes = await Promise.all(logins);
    outcomes.forEach((outcome, i) => assert.equal(outcome, i % 3 === 0 ? AUTH_FAILED : OK));
  });

  test("others are served while passwords are hashed", async ({ client, target }) => {
    const root = await authenticate(client, "root", "root");
    await new AuthAdmin(client, root).disable();
    await new AuthAdmin(client).enable();
    const again = await authenticate(client, "root", "root");
    const logins = Array.from({ length: 8 }, () => authenticate(client, "root", "root"));
    let isDone = false;
    const all = Promise.all(logins).finally(() => isDone = true);
    let readCount = 0;
    while (!isDone) {
      await client.call(KV_SERVICE.range, { key: "k" }, withToken(again));
      readCount++;
    }
    await all;
    // etcd hashes on all processors at once, so that others get what the system leaves them.
    const leastReads = target === "detcd" ? logins.length : 1;
    assert.ok(readCount > leastReads, `only ${readCount} reads meanwhile`);
    assert.equal((await refusal(range(client, "k"))).text, "etcdserver: user name is empty");
  });
}, { targets: NEWER_TARGET_NAMES });
