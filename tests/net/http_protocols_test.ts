import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type ClientHttp2Session, connect } from "node:http2";
import { promisify } from "node:util";
import { findProgram } from "../harness/programs.ts";
import { type Config, type Etcd, newMemoryConfig, op, startEtcd } from "../../mod.ts";

const CURL = findProgram("curl");
const KEY = btoa("a");

async function withSession(
  etcd: Etcd,
  run: (session: ClientHttp2Session) => Promise<void>,
): Promise<void> {
  const session = connect(etcd.clientUrl);
  session.on("error", () => {});
  await run(session);
  await new Promise<void>((resolve) => session.close(resolve));
}

async function ask(
  session: ClientHttp2Session,
  path: string,
  body?: string,
): Promise<readonly [status: number, body: string]> {
  const method = body === undefined ? "GET" : "POST";
  const stream = session.request({ ":path": path, ":method": method });
  let status = 0;
  stream.on("response", (headers) => status = headers[":status"] ?? 0);
  stream.end(body);
  let text = "";
  for await (const part of stream.setEncoding("utf8")) text += part;
  return [status, text];
}

async function started(change: (config: Config) => void = () => {}): Promise<Etcd> {
  const config = newMemoryConfig();
  change(config);
  const etcd = await startEtcd(config);
  await etcd.server.readyNotify();
  return etcd;
}

Deno.test("Serving answers over HTTP/2 whatever it answers over HTTP/1.1", async () => {
  await using etcd = await started((config) => {
    config.userHandlers.set("/user", async (request) => {
      return new Response(`${request.method} ${await request.text()}`);
    });
  });
  await withSession(etcd, async (session) => {
    assert.equal((await ask(session, "/health"))[0], 200);
    assert.match((await ask(session, "/metrics"))[1], /^etcd_server_has_leader 1$/m);
    assert.deepEqual(await ask(session, "/user", "x".repeat(3_000_000)), [
      200,
      `POST ${"x".repeat(3_000_000)}`,
    ]);
    assert.equal((await ask(session, "/v3/kv/put", `{"key":"${KEY}","value":"${KEY}"}`))[0], 200);
    const [status, text] = await ask(session, "/v3/kv/range", `{"key":"${KEY}"}`);
    assert.deepEqual([status, JSON.parse(text).kvs[0].value], [200, KEY]);
    assert.equal((await ask(session, "/nothing"))[0], 404);
    assert.equal((await ask(session, "//health"))[0], 307);
  });
});

Deno.test("Serving mixes up no answers of clients that ask at the same time", async () => {
  await using etcd = await started();
  await using client = etcd.client();
  const [puts, batch] = [3_500, 100];
  const prefixes = ["k", "m"];
  for (const prefix of prefixes) {
    for (let i = 0; i < puts; i += batch) {
      const operations = Array.from({ length: batch }, (_, j) => op.put(`${prefix}${i + j}`, ""));
      await client.txn().success(...operations).commit();
    }
  }
  // Short as messages, which are made into JSON in one step, and long as JSON.
  const bodies = prefixes.map((prefix) => {
    const rangeEnd = String.fromCharCode(prefix.charCodeAt(0) + 1);
    return JSON.stringify({ key: btoa(prefix), range_end: btoa(rangeEnd) });
  });
  const path = "/v3/kv/range";
  const over1 = async (body: string) => {
    return await (await fetch(etcd.clientUrl + path, { method: "POST", body })).text();
  };
  await withSession(etcd, async (session) => {
    const over2 = async (body: string) => (await ask(session, path, body))[1];
    for (const over of [over1, over2]) {
      const expected = [await over(bodies[0]), await over(bodies[1])];
      const answers = await Promise.all(Array.from({ length: 32 }, (_, i) => over(bodies[i % 2])));
      const wrong = answers.filter((answer, i) => answer !== expected[i % 2]);
      assert.equal(wrong.length, 0);
    }
  });
});

Deno.test("Serving counts calls through the gateway as calls", async () => {
  await using etcd = await started();
  const put = { method: "POST", body: `{"key":"${KEY}"}` };
  assert.equal(
    (await (await fetch(`${etcd.clientUrl}/v3/kv/put`, put)).json()).header.revision,
    "2",
  );
  const metrics = await (await fetch(`${etcd.clientUrl}/metrics`)).text();
  assert.match(metrics, /^grpc_server_handled_total\{[^}]*grpc_method="Put"[^}]*\} 1$/m);
});

Deno.test("Serving ends watches through the gateway when the server stops", async () => {
  const etcd = await started();
  const body = `{"create_request":{"key":"${KEY}"}}`;
  const response = await fetch(`${etcd.clientUrl}/v3/watch`, { method: "POST", body });
  const socket = new WebSocket(etcd.clientUrl.replace("http", "ws") + "/v3/watch");
  socket.onopen = () => socket.send(body);
  await new Promise((resolve) => socket.onmessage = resolve);
  const socketClosed = new Promise((resolve) => socket.onclose = resolve);
  await etcd.close();
  const lines = (await response.text().catch(() => "")).trim().split("\n");
  assert.match(lines[0], /"created":true/);
  await socketClosed;
});

Deno.test("Serving leaves the gateway out when it is switched off", async () => {
  await using etcd = await started((config) => config.enableGrpcGateway = false);
  const response = await fetch(`${etcd.clientUrl}/v3/kv/put`, { method: "POST", body: "{}" });
  assert.deepEqual([response.status, await response.text()], [404, "404 page not found\n"]);
});

Deno.test({
  name: "curl talks to the gateway over HTTP/1.1, HTTP/2 and with an upgrade it does not get",
  ignore: CURL === undefined,
  async fn() {
    await using etcd = await started();
    for (const flags of [["--http1.1"], ["--http2-prior-knowledge"], ["--http2"]]) {
      const args = ["-s", ...flags, "-d", `{"key":"${KEY}"}`, "-w", "%{http_code}"];
      const { stdout } = await promisify(execFile)(CURL ?? "", [
        ...args,
        `${etcd.clientUrl}/v3/kv/range`,
      ]);
      assert.match(stdout, /^\{"header":\{.*\}200$/, flags[0]);
    }
  },
});
