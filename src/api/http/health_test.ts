import assert from "node:assert/strict";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { HeaderList } from "../../net/hpack/header_list.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import { EtcdServer } from "../../server/etcd_server.ts";
import { startServer, testConfig } from "../../server/testing/server_fixtures.ts";
import { healthHandler } from "./health.ts";
import { healthCheckHandlers } from "./health_checks.ts";
import { HealthCounts } from "./health_counts.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "./http_message.ts";

function requestFor(target: string): HttpRequest {
  const { pathname, searchParams } = new URL(target, "http://localhost");
  return {
    method: "GET",
    path: pathname,
    query: searchParams,
    authority: "localhost",
    headers: new HeaderList([], false),
    remote: LOCAL_END,
    whenGone() {},
  };
}

async function ask(
  server: EtcdServer,
  counts: HealthCounts,
  target: string,
): Promise<HttpResponse> {
  const handlers = new Map<string, HttpHandler>([
    ["/health", healthHandler(server, counts)],
    ...healthCheckHandlers(server, counts),
  ]);
  const request = requestFor(target);
  const handler = handlers.get(request.path);
  if (handler === undefined) throw new Error(`no handler for ${request.path}`);
  return await handler(request);
}

Deno.test("a server without a leader is alive and not healthy", async () => {
  const server = await EtcdServer.open(testConfig(undefined));
  const counts = new HealthCounts();
  const health = await ask(server, counts, "/health");
  assert.deepEqual(
    [health.status, health.body],
    [503, '{"health":"false","reason":"RAFT NO LEADER"}\n'],
  );
  assert.equal((await ask(server, counts, "/health?serializable=true")).status, 200);
  assert.equal((await ask(server, counts, "/livez")).status, 200);
  assert.deepEqual([counts.success, counts.failures], [1, 1]);
  await server.stop();
});

Deno.test("a server that serves no reads is not ready, and says which", async () => {
  const server = await EtcdServer.open(testConfig(undefined));
  const counts = new HealthCounts();
  const ready = await ask(server, counts, "/readyz");
  assert.equal(ready.status, 503);
  assert.equal(
    ready.body,
    "[+]data_corruption ok\n[+]serializable_read ok\n" +
      "[-]linearizable_read failed: etcdserver: server stopped\n[+]non_learner ok\n\n",
  );
  assert.equal((await ask(server, counts, "/readyz?exclude=linearizable_read")).status, 200);
  const read = Array.from(counts.checks).find(({ name }) => name === "linearizable_read");
  assert.deepEqual([read?.goodCount, read?.badCount, read?.lastIsGood], [0, 1, false]);
  await server.stop();
});

Deno.test("a check counts each time that it is made", async () => {
  const server = await startServer(testConfig(undefined));
  const counts = new HealthCounts();
  await ask(server, counts, "/readyz");
  await ask(server, counts, "/readyz/non_learner");
  const made = Array.from(counts.checks, ({ type, name, goodCount }) => [type, name, goodCount]);
  assert.deepEqual(made, [
    ["readyz", "data_corruption", 1],
    ["readyz", "serializable_read", 1],
    ["readyz", "linearizable_read", 1],
    ["readyz", "non_learner", 2],
  ]);
  await server.stop();
});

Deno.test("/health gives no reason where etcd 3.4 is presented", async () => {
  const compatVersion = CompatVersion.of("3.4") ?? CompatVersion.newest;
  const server = await startServer(testConfig(undefined, { compatVersion }));
  const { body } = await ask(server, new HealthCounts(), "/health");
  assert.equal(body, '{"health":"true"}');
  await server.stop();
});
