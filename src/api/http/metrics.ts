import type { Registry } from "../../deps/prom_client.ts";
import type { MetricsSource } from "../metrics/metrics_source.ts";
import { getOnly, type HttpHandler } from "./http_message.ts";

/**
 * GET /metrics: everything about a server in Prometheus' text format. The library that writes it
 * takes several megabytes, so it is loaded for the first scrape.
 */
export function metricsHandler(source: MetricsSource): HttpHandler {
  let registry: Promise<Registry> | undefined;
  return getOnly(async () => {
    registry ??= loadRegistry(source);
    const loaded = await registry;
    return {
      status: 200,
      headers: { "content-type": loaded.contentType },
      body: await loaded.metrics(),
    };
  });
}

async function loadRegistry(source: MetricsSource): Promise<Registry> {
  const { newRegistry } = await import("../metrics/registry.ts");
  return newRegistry(source);
}
