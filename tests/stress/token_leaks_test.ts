import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config, Etcd } from "../../mod.ts";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { Prng } from "../../src/base/prng.ts";
import { ETCD_ERRORS } from "../../src/core/errors.ts";
import { PutRequest, WatchCreateRequest, WatchRequest } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import { AUTH_LIMITS } from "../../src/server/auth/limits.ts";
import { exchange } from "../harness/http1.ts";
import { Http2Session, message, type StreamAnswer } from "./http2_session.ts";
import { testLeavesNothing } from "./leak_scenario.ts";

const SESSIONS = 10;
/** What one session has under way at a time. */
const BATCH = 50;
/** Of requests over the gateway, each on a connection of its own, there are fewer. */
const GATEWAY_SHARE = 20;

const BODY = '{"key":"aw=="}';
const PUT = KV_SERVICE.put.path;
const smallPut = message(PutRequest.encode(PutRequest.create({ key: "k" })));
const createWatch = message(WatchRequest.encode(WatchRequest.create({
  createRequest: WatchCreateRequest.create({ key: "k" }),
})));

const directory = mkdtempSync(join(tmpdir(), "token-storm-"));
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const keyFile = join(directory, "secret");
const secret = randomBytes(64).toString("hex");
writeFileSync(keyFile, secret);

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Signs as somebody does who has the key. */
function sign(claims: Readonly<Record<string, unknown>>, key = secret): string {
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** Of root, at the revision that is the present one in these tests; every one is another. */
function validClaims(id: number): Readonly<Record<string, unknown>> {
  return { username: "root", revision: 3, exp: nowSeconds() + 600, id };
}

const prng = new Prng(2);

function noise(length: number): string {
  return Buffer.from(prng.bytes(length)).toString("base64url");
}

/** What is shown by who has no token, or none any more. */
const BAD: readonly ((id: number) => string)[] = [
  (id) => sign({ ...validClaims(id), exp: nowSeconds() - 1 }),
  (id) => sign(validClaims(id), "another key"),
  (id) => sign({ ...validClaims(id), revision: "3" }),
  (id) => sign(validClaims(id)).slice(0, -2),
  (id) => `${encode({ alg: "none" })}.${encode(validClaims(id))}.`,
  (id) => `${encode({ alg: "RS256", kid: id })}.${encode(validClaims(id))}.${noise(256)}`,
  () => noise(30),
  () => `${noise(20)}.${noise(100)}.${noise(32)}`,
  () => `${noise(20)}.${noise(4_000)}.${noise(32)}`,
  (id) => `${"a.".repeat(1_000)}${id}`,
  (id) => `${encode({ alg: "HS256", crit: ["exp"] })}.${encode(validClaims(id))}.${noise(32)}`,
  (id) => `${encode({ alg: "HS256", b64: false })}.{"id":${id}}.${noise(32)}`,
];

function withWebTokens(config: Config): void {
  config.authToken = `jwt,sign-method=HS256,priv-key=${keyFile},ttl=10m`;
}

async function enableAuth(etcd: Etcd): Promise<readonly string[]> {
  await using client = etcd.client();
  // A password would be hashed in a worker, which outlasts the beginning of a test.
  await client.auth.addUser("root");
  await client.auth.grantRole("root", "root");
  await client.auth.enable();
  return ["token", sign(validClaims(-1))];
}

const options = { configure: withWebTokens, prepare: enableAuth };

/** Asks `count` times over some connections, each time with a token; tells the answers of each round. */
async function ask(
  port: number,
  count: number,
  tokenOf: (index: number) => string,
  check: (answer: StreamAnswer) => void,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: SESSIONS }, async () => {
    const session = await Http2Session.open(port);
    while (next < count) {
      for (let i = 0; i < BATCH && next < count; i++) {
        const fields = ["token", tokenOf(next++)];
        if (next % 3 > 0) session.request(PUT, { body: smallPut, fields });
        else session.request(WATCH_SERVICE.watch.path, { body: createWatch, fields });
      }
      await session.until(
        "all are answered",
        () => [...session.answers.values()].every(isAnswered),
      );
      for (const answer of session.answers.values()) {
        check(answer);
        if (!answer.over) session.reset(answer);
      }
      session.answers.clear();
    }
    await session.close();
  }));
}

/** A watch that is refused tells so in a message. */
function isAnswered({ over, messages }: StreamAnswer): boolean {
  return over || messages.length > 0;
}

testLeavesNothing("10 000 tokens that are none, or none any more", async (port, count) => {
  await ask(port, count, (i) => BAD[i % BAD.length](i), ({ path, grpcStatus, grpcMessage }) => {
    if (path !== PUT) return;
    const { code, message } = ETCD_ERRORS.invalidAuthToken;
    assert.deepEqual([grpcStatus, grpcMessage], [code, message]);
  });
  for (let i = 0; i < count / GATEWAY_SHARE; i++) {
    const answer = await exchange(
      port,
      `POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${BODY.length}\r\n` +
        `Authorization: ${BAD[i % BAD.length](i)}\r\n\r\n${BODY}`,
    );
    assert.match(answer, /^HTTP\/1\.1 401 /);
  }
}, options);

let signed = 0;

testLeavesNothing("valid tokens, more of them than are remembered", async (port) => {
  // Once as many as are remembered; from then on each has another one forgotten.
  const first = signed;
  const count = first === 0 ? AUTH_LIMITS.verifiedTokens : AUTH_LIMITS.verifiedTokens / 10;
  signed += count;
  const tokenOf = (index: number) => sign(validClaims(first + index));
  await ask(port, count, tokenOf, ({ path, grpcStatus }) => {
    if (path === PUT) assert.equal(grpcStatus, GrpcCode.OK);
  });
}, options);
