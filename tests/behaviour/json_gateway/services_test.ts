import assert from "node:assert/strict";
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
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

/** The answer's body without its header; fails unless the call succeeded. */
async function ask(port: number, path: string, body: Json): Promise<Json> {
  const answer = await gatewayCall(port, path, body);
  assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
  return withoutHeader(answer.body);
}

/** The same with a token. */
async function askAs(
  port: number,
  token: string,
  path: string,
  body: Json,
): Promise<readonly [status: number, body: Json]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { authorization: token },
  });
  return [response.status, await response.json()];
}

async function grant(port: number): Promise<string> {
  return String(member(await ask(port, "/v3/lease/grant", { TTL: 60 }), "ID"));
}

describeBothTargets("gateway to locks and elections", (test) => {
  test("locks and unlocks", async ({ server, prefix }) => {
    const port = server.clientPort;
    const lease = await grant(port);
    const name = base64(`${prefix}lock`);
    const locked = await ask(port, "/v3/lock/lock", { name, lease });
    const key = base64(`${prefix}lock/${BigInt(lease).toString(16)}`);
    assert.deepEqual(locked, { key });
    assert.deepEqual(await ask(port, "/v3/lock/unlock", { key }), {});
  });

  test("campaigns, proclaims, observes and resigns", async ({ server, prefix }) => {
    const port = server.clientPort;
    const lease = await grant(port);
    const name = base64(`${prefix}election`);
    assert.deepEqual(await gatewayError(port, "/v3/election/leader", { name }), [
      500,
      2,
      "election: no leader",
    ]);
    const won = await ask(port, "/v3/election/campaign", { name, lease, value: base64("one") });
    const leader = member(won, "leader");
    const key = base64(`${prefix}election/${BigInt(lease).toString(16)}`);
    const rev = String(member(leader, "rev"));
    assert.deepEqual(leader, { name, key, rev, lease });
    await ask(port, "/v3/election/proclaim", { leader, value: base64("two") });
    const kv = member(await ask(port, "/v3/election/leader", { name }), "kv");
    assert.deepEqual([member(kv, "key"), member(kv, "value")], [key, base64("two")]);
    assert.equal(member(kv, "create_revision"), rev);
    const [line] = await streamLines(port, "/v3/election/observe", JSON.stringify({ name }), 1);
    const seen = member(member(line, "result"), "kv");
    assert.deepEqual([member(seen, "key"), member(seen, "value")], [key, base64("two")]);
    assert.deepEqual(await ask(port, "/v3/election/resign", { leader }), {});
  });
});

describeBothTargets("gateway to members", (test) => {
  test("adds, updates and removes a learner", async ({ server }) => {
    const port = server.clientPort;
    const peerURLs = ["http://127.0.0.1:1"];
    const added = await ask(port, "/v3/cluster/member/add", { peerURLs, isLearner: true });
    const ID = String(member(member(added, "member"), "ID"));
    assert.deepEqual(member(added, "member"), { ID, peerURLs, isLearner: true });
    const moved = ["http://127.0.0.1:2"];
    const updated = await ask(port, "/v3/cluster/member/update", { ID, peerURLs: moved });
    const members = member(updated, "members");
    assert(Array.isArray(members));
    assert.deepEqual(members.find((each) => member(each, "ID") === ID), {
      ID,
      peerURLs: moved,
      isLearner: true,
    });
    assert.deepEqual(await gatewayError(port, "/v3/cluster/member/promote", { ID }), [
      400,
      9,
      "etcdserver: can only promote a learner member which is in sync with leader",
    ]);
    const removed = await ask(port, "/v3/cluster/member/remove", { ID });
    assert(Array.isArray(member(removed, "members")));
  }, { notOn: { detcd: "its clusters have one member" } });

  test("changes the URLs of a member, and finds none that is not there", async ({ server }) => {
    const port = server.clientPort;
    const members = member(await ask(port, "/v3/cluster/member/list", {}), "members");
    assert(Array.isArray(members));
    const ID = member(members[0], "ID");
    const peerURLs = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
    const updated = await ask(port, "/v3/cluster/member/update", { ID, peerURLs });
    const [changed] = [member(updated, "members")].flat();
    assert.deepEqual([member(changed, "ID"), member(changed, "peerURLs")], [ID, peerURLs]);
    assert.deepEqual(await gatewayError(port, "/v3/cluster/member/remove", { ID: "5" }), [
      404,
      5,
      "etcdserver: member not found",
    ]);
  });

  test("refuses to hand leadership to nobody, and a downgrade that cannot be", async ({ server }) => {
    const port = server.clientPort;
    const nobody = { targetID: "5" };
    assert.deepEqual(await gatewayError(port, "/v3/maintenance/transfer-leadership", nobody), [
      400,
      9,
      "etcdserver: bad leader transferee",
    ]);
    const version = { action: "VALIDATE", version: "2.0.0" };
    const refused = await gatewayError(port, "/v3/maintenance/downgrade", version);
    assert.deepEqual(refused, [400, 3, "etcdserver: invalid downgrade target version"]);
  });
}, { targets: NEWER_TARGET_NAMES });

describeBothTargets("gateway to authentication", (test) => {
  test("makes users and roles and takes their tokens", async ({ server }) => {
    const port = server.clientPort;
    assert.deepEqual(await ask(port, "/v3/auth/status", {}), { authRevision: "1" });
    await ask(port, "/v3/auth/user/add", { name: "root", password: "secret" });
    await ask(port, "/v3/auth/user/add", { name: "reader", password: "r" });
    await ask(port, "/v3/auth/role/add", { name: "root" });
    await ask(port, "/v3/auth/role/add", { name: "some" });
    const perm = { permType: "READ", key: base64("a"), range_end: base64("b") };
    await ask(port, "/v3/auth/role/grant", { name: "some", perm });
    const write = { permType: 1, key: base64("w") };
    await ask(port, "/v3/auth/role/grant", { name: "some", perm: write });
    assert.deepEqual(await ask(port, "/v3/auth/role/get", { role: "some" }), {
      // READ is zero and so left out.
      perm: [{ key: base64("a"), range_end: base64("b") }, { permType: "WRITE", key: base64("w") }],
    });
    await ask(port, "/v3/auth/role/revoke", { role: "some", key: base64("w") });
    await ask(port, "/v3/auth/user/grant", { user: "root", role: "root" });
    await ask(port, "/v3/auth/user/grant", { user: "reader", role: "some" });
    assert.deepEqual(await ask(port, "/v3/auth/user/get", { name: "reader" }), { roles: ["some"] });
    assert.deepEqual(await ask(port, "/v3/auth/user/list", {}), { users: ["reader", "root"] });
    assert.deepEqual(await ask(port, "/v3/auth/role/list", {}), { roles: ["root", "some"] });
    assert.deepEqual(await gatewayError(port, "/v3/auth/user/add", { name: "root" }), [
      400,
      9,
      "etcdserver: user name already exists",
    ]);
    await ask(port, "/v3/auth/enable", {});
    const range = { key: base64("a") };
    assert.deepEqual(await gatewayError(port, "/v3/kv/range", range), [
      400,
      3,
      "etcdserver: user name is empty",
    ]);
    const wrong = { name: "reader", password: "x" };
    assert.deepEqual(await gatewayError(port, "/v3/auth/authenticate", wrong), [
      400,
      3,
      "etcdserver: authentication failed, invalid user ID or password",
    ]);
    const tokenOf = async (name: string, password: string): Promise<string> =>
      String(member(await ask(port, "/v3/auth/authenticate", { name, password }), "token"));
    const reader = await tokenOf("reader", "r");
    assert.equal((await askAs(port, reader, "/v3/kv/range", range))[0], 200);
    assert.equal((await askAs(port, `Bearer ${reader}`, "/v3/kv/range", range))[0], 200);
    const [denied, why] = await askAs(port, reader, "/v3/kv/put", range);
    assert.deepEqual([denied, member(why, "code")], [403, 7]);
    assert.equal(member(why, "message"), "etcdserver: permission denied");
    const [unknown, text] = await askAs(port, "nobody", "/v3/kv/range", range);
    assert.deepEqual([unknown, member(text, "message")], [401, "etcdserver: invalid auth token"]);
    const root = await tokenOf("root", "secret");
    const [status] = await askAs(port, root, "/v3/auth/user/changepw", {
      name: "reader",
      password: "new",
    });
    assert.equal(status, 200);
    assert.equal(
      (await askAs(port, root, "/v3/auth/user/revoke", { name: "reader", role: "some" }))[0],
      200,
    );
    assert.equal((await askAs(port, root, "/v3/auth/user/delete", { name: "reader" }))[0], 200);
    assert.equal((await askAs(port, root, "/v3/auth/role/delete", { role: "some" }))[0], 200);
    assert.equal((await askAs(port, root, "/v3/auth/disable", {}))[0], 200);
    assert.equal((await gatewayCall(port, "/v3/kv/range", range)).status, 200);
  });
}, { targets: NEWER_TARGET_NAMES });
