import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText, concatBytes } from "../../../src/base/bytes.ts";
import { PermissionType, UserAddOptions } from "../../../src/pb/authpb.ts";
import {
  Compare,
  CompareTarget,
  PutRequest,
  RangeRequest,
  TxnRequest,
  TxnResponse,
} from "../../../src/pb/etcdserverpb.ts";
import { AUTH_SERVICE, KV_SERVICE } from "../../../src/pb/services.ts";
import { addUserWithRole, AuthAdmin, enableAuth, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets, type TestContext } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import { deleteOp, prefixEnd, putOp, rangeOp } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES, type TargetName } from "../../harness/targets.ts";
import { Http2Session, message } from "../../stress/http2_session.ts";

const SECRET = "secret";
const DENIED = { code: 7, text: "etcdserver: permission denied" };

interface Scene {
  readonly root: string;
  /** May read and write everything below "own/". */
  readonly token: string;
}

const scenes = new Map<TargetName, Promise<Scene>>();

/** The tests share a server, on which authentication is enabled once. */
function prepared({ target, client }: TestContext): Promise<Scene> {
  const scene = scenes.get(target) ?? prepare(client);
  scenes.set(target, scene);
  return scene;
}

async function prepare(client: GrpcClient): Promise<Scene> {
  const root = await enableAuth(client);
  const value = bytesFromText("hidden");
  await client.call(KV_SERVICE.put, { key: SECRET, value }, withToken(root));
  const token = await addUserWithRole(client, root, "user");
  const admin = new AuthAdmin(client, root);
  await admin.grant("user", "own/", prefixEnd("own/"), PermissionType.READWRITE);
  await client.call(KV_SERVICE.put, { key: "own/a", value }, withToken(token));
  return { root, token };
}

/** One length-delimited field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  assert.ok(bytes.length < 128);
  return concatBytes([Uint8Array.of((number << 3) | 2, bytes.length), bytes]);
}

const SUCCESS_FIELD = 2;
const RANGE_FIELD = 1;
const PUT_FIELD = 2;

describeBothTargets("intruders with the files", (test) => {
  const secrets = ["added-secret", "changed-secret"];

  test("find no password in them", async ({ client, server }) => {
    const admin = new AuthAdmin(client);
    await admin.addUser("u", secrets[0]);
    await admin.changePassword("u", secrets[1]);
    assert.deepEqual(foundIn(server.dataDir, secrets), []);
  });

  test("not even of somebody who was to have none", async ({ client, server }) => {
    const options = UserAddOptions.create({ noPassword: true });
    await client.call(AUTH_SERVICE.userAdd, { name: "c", password: "needless-secret", options });
    assert.deepEqual(foundIn(server.dataDir, ["needless-secret"]), []);
  }, { notOn: { "etcd-3.7": "it writes into its log what it has no use for" } });
}, { targets: NEWER_TARGET_NAMES });

/** Which of the texts stand in any file of a directory. */
function foundIn(directory: string, texts: readonly string[]): string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  assert.ok(files.length >= 2, "there are a log and a B-tree file");
  return texts.filter((text) => files.some((bytes) => bytes.includes(text)));
}

describeBothTargets("intruders with a token", (test) => {
  test("hide no operation behind another one", async (context) => {
    const { client } = context;
    const { root, token } = await prepared(context);
    const own = RangeRequest.encode(RangeRequest.create({ key: "own/a" }));
    const secret = RangeRequest.encode(RangeRequest.create({ key: SECRET }));
    const put = PutRequest.encode(PutRequest.create({ key: SECRET }));
    const txn = (...parts: Uint8Array[]) =>
      client.callBytes(
        KV_SERVICE.txn.path,
        field(SUCCESS_FIELD, concatBytes(parts)),
        withToken(token),
      );
    // The last one of several that exclude each other counts; of the same, they are merged.
    assert.deepEqual(await refusal(txn(field(RANGE_FIELD, own), field(PUT_FIELD, put))), DENIED);
    const hidden = txn(field(RANGE_FIELD, own), field(RANGE_FIELD, secret));
    assert.deepEqual(await refusal(hidden), DENIED);
    const shown = await txn(field(PUT_FIELD, put), field(RANGE_FIELD, own));
    const [response] = TxnResponse.decode(shown).responses;
    assert.deepEqual(response.responseRange?.kvs.map(({ key }) => key), ["own/a"]);
    const { kvs } = await client.call(KV_SERVICE.range, { key: SECRET }, withToken(root));
    assert.equal(kvs[0].version, 1);
  });

  test("learn nothing by comparisons, limits, counts and ends of ranges", async (context) => {
    const { client } = context;
    const { token } = await prepared(context);
    const ranges: Partial<RangeRequest>[] = [
      { key: SECRET, countOnly: true },
      { key: SECRET, limit: 1, keysOnly: true },
      { key: "own/", rangeEnd: "own0\0", countOnly: true },
      { key: "own/", rangeEnd: "\xff" },
      { key: "own/", rangeEnd: "\0" },
      { key: "\0", rangeEnd: "own/" },
      { key: "own", rangeEnd: "own0" },
      { key: SECRET, rangeEnd: "own/" },
      { key: SECRET, revision: 2, serializable: true },
    ];
    for (const request of ranges) {
      const attempts = [
        client.call(KV_SERVICE.range, request, withToken(token)),
        client.call(KV_SERVICE.txn, { success: [rangeOp("", request)] }, withToken(token)),
      ];
      for (const attempt of attempts) {
        assert.deepEqual(await refusal(attempt), DENIED, `${request.key} ${request.rangeEnd}`);
      }
    }
    const compare = [Compare.create({ key: SECRET, target: CompareTarget.VALUE })];
    const txns: Partial<TxnRequest>[] = [
      { compare },
      { compare, success: [rangeOp("own/a")] },
      { success: [rangeOp("own/a"), deleteOp("own/", { rangeEnd: "\0" })] },
      { failure: [putOp("own/b", "", { prevKv: true }), putOp(SECRET, "", { prevKv: true })] },
    ];
    for (const request of txns) {
      const attempt = client.call(KV_SERVICE.txn, request, withToken(token));
      assert.deepEqual(await refusal(attempt), DENIED);
    }
  });

  test("are who their first token says, whatever else they say", async (context) => {
    const { root, token } = await prepared(context);
    const body = message(RangeRequest.encode(RangeRequest.create({ key: SECRET })));
    const session = await Http2Session.open(context.server.clientPort);
    const outcome = async (...fields: string[]): Promise<string> => {
      const answer = session.request(KV_SERVICE.range.path, { body, fields });
      await session.untilAllOver();
      return `${answer.grpcStatus} ${answer.grpcMessage} ${answer.messages.length}`;
    };
    const denied = "7 etcdserver: permission denied 0";
    const invalid = "16 etcdserver: invalid auth token 0";
    const nobody = "3 etcdserver: user name is empty 0";
    assert.equal(await outcome("token", root), "0  1");
    assert.equal(await outcome("token", token, "token", root), denied);
    assert.equal(await outcome("token", token, "authorization", root), denied);
    assert.equal(await outcome("authorization", root, "token", token), denied);
    assert.equal(await outcome("token", "x", "token", root), invalid);
    assert.equal(await outcome("token", "", "token", root), invalid);
    assert.equal(await outcome("token", `${root}, ${root}`), invalid);
    assert.equal(await outcome("token", root.slice(0, -1)), invalid);
    assert.equal(await outcome("token", root.toUpperCase()), invalid);
    assert.equal(await outcome("authorization", `bearer ${root}`), invalid);
    assert.equal(await outcome("token-bin", btoa(root)), nobody);
    assert.equal(await outcome("username", "root", "auth-revision", "100"), nobody);
    assert.equal(await outcome("grpcgateway-accept", "x"), nobody);
    assert.equal(await outcome("grpcgateway-authorization", root), nobody);
    await session.close();
  });
}, { targets: NEWER_TARGET_NAMES });
