import { healthHandler } from "../api/http/health.ts";
import { healthCheckHandlers } from "../api/http/health_checks.ts";
import { metricsHandler } from "../api/http/metrics.ts";
import { versionHandler } from "../api/http/version.ts";
import type { MetricsSource } from "../api/metrics/metrics_source.ts";
import type { Config } from "./config/config.ts";
import type { Serving } from "./serving.ts";

/** Adds what operators read over HTTP: to the client URLs all of it, to the metrics URLs a part. */
export function addOperatorRoutes(serving: Serving, _config: Config, source: MetricsSource): void {
  const { server, health } = source;
  const shared = new Map([
    ["/health", healthHandler(server, health)],
    ["/metrics", metricsHandler(source)],
    ...healthCheckHandlers(server, health),
  ]);
  for (const [path, handler] of shared) {
    serving.clientRoutes.set(path, handler);
    serving.metricsRoutes.set(path, handler);
  }
  serving.clientRoutes.set("/version", versionHandler(server));
}
