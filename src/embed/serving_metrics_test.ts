import assert from "node:assert/strict";
import { createServer } from "node:net";
import { textResponse } from "../api/http/http_message.ts";
import { GrpcCounts } from "../api/metrics/grpc_counts.ts";
import { parseUrlList } from "../base/url_list.ts";
import { newMemoryConfig } from "./memory_config.ts";
import { Serving } from "./serving.ts";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

async function textOf(port: number, path = "/where"): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: "close" },
  });
  return await response.text();
}

Deno.test("Serving answers on metrics URLs before it answers clients", async () => {
  const config = newMemoryConfig();
  const metricsPort = await freePort();
  config.listenMetricsUrls = parseUrlList(`http://127.0.0.1:${metricsPort}`);
  const serving = new Serving(config, new GrpcCounts({ timed: false }));
  await serving.bind();
  serving.clientRoutes.set("/where", () => textResponse(200, "clients"));
  serving.metricsRoutes.set("/where", () => textResponse(200, "metrics"));
  let isClientAnswered = false;
  const client = textOf(serving.clients[0].port).finally(() => isClientAnswered = true);
  serving.beginMetrics();
  assert.equal(await textOf(metricsPort), "metrics");
  assert.equal(isClientAnswered, false);
  serving.begin();
  assert.equal(await client, "clients");
  // The keys are on the client URLs alone.
  assert.equal(await textOf(metricsPort, "/v3/kv/range"), "404 page not found\n");
  await serving.close(0);
});
