import assert from "node:assert/strict";
import { bytesFromText } from "../../../src/base/bytes.ts";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { ELECTION_SERVICE, LOCK_SERVICE } from "../../../src/pb/services.ts";
import { addUserWithRole, AuthAdmin, enableAuth, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type CallOptions, type GrpcClient, refusal } from "../../harness/grpc_client.ts";

/** Locks and unlocks. */
async function lock(client: GrpcClient, name: string, options: CallOptions): Promise<void> {
  const { key } = await client.call(LOCK_SERVICE.lock, { name }, options);
  await client.call(LOCK_SERVICE.unlock, { key }, options);
}

/** Is elected, says something and resigns. */
async function lead(client: GrpcClient, name: string, options: CallOptions): Promise<void> {
  const value = bytesFromText("x");
  const { leader } = await client.call(ELECTION_SERVICE.campaign, { name, value }, options);
  await client.call(ELECTION_SERVICE.leader, { name }, options);
  await client.call(ELECTION_SERVICE.proclaim, { leader, value }, options);
  await client.call(ELECTION_SERVICE.resign, { leader }, options);
}

function refused(text: string): { code: number; text: string } {
  return { code: GrpcCode.Unknown, text: `etcdserver: ${text}` };
}

describeBothTargets("locks and elections with authentication", (test) => {
  test("need the rights that their keys need", async ({ client }) => {
    const root = await enableAuth(client);
    const user = await addUserWithRole(client, root, "user");
    await new AuthAdmin(client, root).grant("user", "mine/", "mine0");
    for (const attempt of [lock, lead]) {
      for (const name of ["mine/a", "other/a"]) {
        const by = (token?: string) => attempt(client, name, withToken(token));
        assert.deepEqual(await refusal(by()), refused("user name is empty"));
        assert.deepEqual(await refusal(by("wrong.1")), refused("invalid auth token"));
        await by(root);
      }
      await attempt(client, "mine/a", withToken(user));
      const call = attempt(client, "other/a", withToken(user));
      assert.deepEqual(await refusal(call), refused("permission denied"));
    }
    const unlock = client.call(LOCK_SERVICE.unlock, { key: "other/a" }, withToken(user));
    assert.deepEqual(await refusal(unlock), refused("permission denied"));
    const leader = client.call(ELECTION_SERVICE.leader, { name: "other/a" }, withToken(user));
    assert.deepEqual(await refusal(leader), refused("permission denied"));
  });
});

describeBothTargets("observers with authentication", (test) => {
  test("are told why they hear nothing", async ({ client }) => {
    await enableAuth(client);
    const observer = client.open(ELECTION_SERVICE.observe);
    observer.send({ name: "e" });
    observer.halfClose();
    assert.deepEqual(await observer.ended, refused("user name is empty"));
  }, { notOn: { etcd: "it ends the stream as if all were well" } });
});
