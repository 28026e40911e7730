import type { Registry } from "../../deps/prom_client.ts";
import { getOnly, type HttpHandler } from "./http_message.ts";

/** GET /metrics: the registry in Prometheus' text format. */
export function metricsHandler(registry: Registry): HttpHandler {
  return getOnly(async () => ({
    status: 200,
    headers: { "content-type": registry.contentType },
    body: await registry.metrics(),
  }));
}
