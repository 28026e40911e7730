import assert from "node:assert/strict";
import { PermissionType } from "../../../src/pb/authpb.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../../src/pb/services.ts";
import { GATEWAY_ROUTES } from "../../../src/api/json_gateway/routes.ts";
import { addUserWithRole, AuthAdmin, enableAuth, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { base64 } from "../../harness/json_gateway.ts";
import type { GrpcClient } from "../../harness/grpc_client.ts";
import { openSocket } from "../../stress/http2_session.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const SECRET_KEY = "secret/key";
const SECRET_VALUE = "what nobody may know";
const SECRET_LEASE = 4711n;
const SECRET_USER = "secretuser";

const KEY = `"key":"${base64(SECRET_KEY)}"`;
const ALL_KEYS = `"key":"AA==","range_end":"AA=="`;
const PUT = `{${KEY},"value":"${base64("x")}"}`;
const LEADER = `"leader":{"name":"${base64("secret")}","key":"${base64(SECRET_KEY)}","rev":"2"}`;

/** What an intruder asks for, by path: what would change or tell something if it were let in. */
const BODIES: Readonly<Record<string, readonly string[]>> = {
  "kv/range": [`{${KEY}}`, `{${ALL_KEYS}}`, `{${ALL_KEYS},"count_only":true,"serializable":true}`],
  "kv/put": [PUT],
  "kv/deleterange": [`{${ALL_KEYS},"prev_kv":true}`],
  "kv/txn": [
    `{"success":[{"request_range":{${ALL_KEYS}}}]}`,
    `{"success":[{"request_put":${PUT}}]}`,
    `{"failure":[{"request_txn":{"success":[{"request_delete_range":{${ALL_KEYS}}}]}}]}`,
    `{"compare":[{${KEY},"target":"VALUE","value":"${base64(SECRET_VALUE)}"}]}`,
    `{"compare":[{${ALL_KEYS},"target":"CREATE","create_revision":"2"}]}`,
  ],
  "kv/compaction": ['{"revision":"1"}'],
  "watch": [`{"create_request":{${ALL_KEYS},"start_revision":"1"}}`],
  "lease/grant": ['{"TTL":"60","ID":"99"}'],
  "lease/revoke": [`{"ID":"${SECRET_LEASE}"}`],
  "lease/keepalive": [`{"ID":"${SECRET_LEASE}"}`],
  "lease/timetolive": [`{"ID":"${SECRET_LEASE}","keys":true}`],
  "kv/lease/revoke": [`{"ID":"${SECRET_LEASE}"}`],
  "kv/lease/timetolive": [`{"ID":"${SECRET_LEASE}","keys":true}`],
  "cluster/member/add": ['{"peerURLs":["http://127.0.0.1:1"]}'],
  "cluster/member/remove": ['{"ID":"1"}'],
  "cluster/member/update": ['{"ID":"1","peerURLs":["http://127.0.0.1:1"]}'],
  "cluster/member/promote": ['{"ID":"1"}'],
  "maintenance/alarm": [
    '{"action":"GET"}',
    '{"action":"ACTIVATE","memberID":"1","alarm":"NOSPACE"}',
  ],
  "maintenance/downgrade": ['{"action":"VALIDATE","version":"3.6.0"}'],
  "auth/user/add": ['{"name":"intruder","password":"x"}'],
  "auth/user/get": [`{"name":"${SECRET_USER}"}`, '{"name":""}'],
  "auth/user/delete": [`{"name":"${SECRET_USER}"}`],
  "auth/user/changepw": ['{"name":"root","password":"x"}'],
  "auth/user/grant": [`{"user":"weak","role":"root"}`],
  "auth/user/revoke": ['{"name":"root","role":"root"}'],
  "auth/role/add": ['{"name":"intruder"}'],
  "auth/role/get": [`{"role":"${SECRET_USER}"}`],
  "auth/role/delete": [`{"role":"${SECRET_USER}"}`],
  "auth/role/grant": [`{"name":"weak","perm":{"permType":"READWRITE",${ALL_KEYS}}}`],
  "auth/role/revoke": [`{"role":"${SECRET_USER}","key":"${base64("secret/")}"}`],
  "lock/lock": [`{"name":"${base64("secret")}"}`],
  "lock/unlock": [`{${KEY}}`],
  "election/campaign": [`{"name":"${base64("secret")}","value":"eA=="}`],
  "election/proclaim": [`{${LEADER},"value":"eA=="}`],
  "election/leader": [`{"name":"${base64("secret")}"}`],
  "election/observe": [`{"name":"${base64("secret")}"}`],
  "election/resign": [`{${LEADER}}`],
};

/** What anybody may ask. */
const OPEN_PATHS: readonly string[] = ["auth/status", "auth/authenticate"];

/** What any user may ask, whatever rights there are; none of it tells of keys or users. */
const USER_PATHS: readonly string[] = [
  "lease/grant",
  "cluster/member/list",
  "maintenance/status",
  "maintenance/alarm",
];

/** Texts that must not come back, however asked for. */
const SECRETS: readonly string[] = [
  base64(SECRET_KEY),
  base64(SECRET_VALUE),
  SECRET_USER,
  SECRET_KEY,
];

/** Headers by which somebody might take the caller for somebody else. */
const DISGUISES: readonly string[] = [
  "",
  "Authorization: \r\n",
  "Authorization: Bearer \r\n",
  "Grpc-Metadata-Token: root\r\n",
  "Grpc-Metadata-Authorization: Bearer root\r\n",
  "Grpc-Metadata-Username: root\r\nGrpc-Metadata-Auth-Revision: 100\r\n",
  "Grpc-Metadata-Grpcgateway-Accept: x\r\nGrpcgateway-Accept: x\r\n",
  "Grpc-Metadata-Token-Bin: cm9vdA==\r\n",
  "Authorization: Basic cm9vdDpyb290\r\n",
  "X-Forwarded-For: 127.0.0.1\r\nX-Remote-User: root\r\n",
  "X-HTTP-Method-Override: POST\r\nCookie: token=root\r\n",
];

/** The same over a websocket, whose client has other ways to show a token. */
const WEBSOCKET_DISGUISES: readonly string[] = [
  "",
  "Sec-WebSocket-Protocol: Bearer, root\r\n",
  "Sec-WebSocket-Protocol: Bearer,\r\n",
  "Cookie: token=root\r\n",
  "Cookie: token=; token=root\r\n",
  "Authorization: Bearer root\r\n",
  "Grpc-Metadata-Token: root\r\n",
];

/** A request that becomes a websocket, and one message whose mask changes nothing. */
function overWebsocket(path: string, text: string, headers: string): string {
  const length = text.length < 126
    ? String.fromCharCode(0x80 | text.length)
    : `\xfe${String.fromCharCode(text.length >> 8, text.length & 0xff)}`;
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa("x".repeat(16))}\r\n${headers}\r\n` +
    `\x81${length}\0\0\0\0${text}`;
}

function post(path: string, body: string, headers: string): string {
  const length = `Content-Length: ${body.length}\r\nConnection: close\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}${length}\r\n${body}`;
}

interface Attempt {
  readonly name: string;
  readonly path: string;
  readonly body: string;
}

function attempts(): Attempt[] {
  return [...GATEWAY_ROUTES.keys()].flatMap((path) => {
    const name = path.slice("/v3/".length);
    return (BODIES[name] ?? ["{}"]).map((body) => ({ name, path, body }));
  });
}

/** Keeps something secret; returns what root and a user without rights come in with. */
async function keepSecrets(client: GrpcClient): Promise<{ root: string; weak: string }> {
  const root = await enableAuth(client);
  const admin = new AuthAdmin(client, root);
  const options = withToken(root);
  await client.call(LEASE_SERVICE.leaseGrant, { id: SECRET_LEASE, ttl: 600 }, options);
  const value = new TextEncoder().encode(SECRET_VALUE);
  await client.call(KV_SERVICE.put, { key: SECRET_KEY, value, lease: SECRET_LEASE }, options);
  await addUserWithRole(client, root, SECRET_USER);
  await admin.grant(SECRET_USER, "secret/", "secret0", PermissionType.READWRITE);
  return { root, weak: await addUserWithRole(client, root, "weak") };
}

/** Everything that comes back; a watch that was refused leaves its stream open, and is not heard on. */
async function answerTo(port: number, request: string): Promise<string> {
  const socket = await openSocket(port);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${request}`)));
  let answer = "";
  let failure: Error | undefined;
  socket.setEncoding("latin1");
  socket.on("error", (error) => failure = error);
  socket.on("data", (chunk) => {
    answer += String(chunk);
    if (answer.includes('"canceled":true')) socket.destroy();
  });
  socket.write(request, "latin1");
  await closed;
  if (failure !== undefined) throw failure;
  return answer;
}

/** What etcd's Observe answers who may not: the end. */
const NOTHING = "\r\n\r\n0\r\n\r\n";

function checkRefused(answer: string, what: string): void {
  if (answer.endsWith(NOTHING)) return;
  const body = answer.slice(answer.indexOf("\r\n\r\n"));
  assert.match(body, /user name (is empty|not found)|permission denied|invalid auth token/, what);
  if (/^HTTP\S+ 200 /.test(answer)) assert.match(answer, /"error"|"canceled":true/, what);
}

describeBothTargets("intruders at the gateway", (test) => {
  test("get nothing and change nothing", async ({ client, server, target }) => {
    const { root, weak } = await keepSecrets(client);
    const options = withToken(root);
    const stateNow = async (): Promise<string> => {
      const { kvs, header } = await client.call(
        KV_SERVICE.range,
        { key: "\0", rangeEnd: "\0" },
        options,
      );
      const admin = new AuthAdmin(client, root);
      const { revision } = await admin.status();
      const values = kvs.map(({ key, value }) => `${key}=${value}`);
      return JSON.stringify([values, header?.revision, revision, await admin.users()]);
    };
    const before = await stateNow();
    const ask = (request: string): Promise<string> => answerTo(server.clientPort, request);
    for (const { name, path, body } of attempts()) {
      if (OPEN_PATHS.includes(name)) continue;
      const headers = [...DISGUISES, `Authorization: ${weak}x\r\n`, `Authorization: ${weak}\r\n`];
      for (const header of headers) {
        const answer = await ask(post(path, body, header));
        const what = `${path} ${body} with ${JSON.stringify(header)}: ${answer}`;
        for (const secret of SECRETS) assert.ok(!answer.includes(secret), what);
        const isWeak = header.endsWith(`${weak}\r\n`);
        if (isWeak && (USER_PATHS.includes(name) || name === "auth/user/get")) continue;
        checkRefused(answer, what);
      }
      // etcd answers these only when the client has hung up.
      if (target !== "detcd") continue;
      for (const header of WEBSOCKET_DISGUISES) {
        const answer = await ask(overWebsocket(path, body, header));
        const what = `${path} ${body} by websocket with ${JSON.stringify(header)}: ${answer}`;
        for (const secret of SECRETS) assert.ok(!answer.includes(secret), what);
        checkRefused(answer, what);
      }
    }
    assert.equal(await stateNow(), before);
  });
}, { targets: NEWER_TARGET_NAMES });
