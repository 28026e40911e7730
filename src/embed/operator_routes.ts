import { debugVarsHandler } from "../api/http/debug/debug_vars.ts";
import { goTraceHandler } from "../api/http/debug/go_traces.ts";
import { healthHandler } from "../api/http/health.ts";
import { healthCheckHandlers } from "../api/http/health_checks.ts";
import { metricsHandler } from "../api/http/metrics.ts";
import { versionHandler } from "../api/http/version.ts";
import type { MetricsSource } from "../api/metrics/metrics_source.ts";
import type { EtcdServer } from "../server/etcd_server.ts";
import type { Config } from "./config/config.ts";
import type { Routes, Serving } from "./serving.ts";

/** Adds what operators read over HTTP: to the client URLs all of it, to the metrics URLs a part. */
export async function addOperatorRoutes(
  serving: Serving,
  config: Config,
  source: MetricsSource,
): Promise<void> {
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
  serving.clientRoutes.set("/debug/vars", debugVarsHandler(server));
  await addDebugRoutes(serving.clientRoutes, config, server);
}

/** What is served only to those who ask for it with a flag. */
async function addDebugRoutes(routes: Routes, config: Config, server: EtcdServer): Promise<void> {
  const isDebug = config.logLevel === "debug";
  if (isDebug || config.enablePprof) {
    const { pprofHandlers } = await import("../api/http/debug/pprof.ts");
    for (const [path, handler] of pprofHandlers(server)) routes.set(path, handler);
  }
  if (isDebug) {
    for (const path of ["/debug/requests", "/debug/events"]) routes.set(path, goTraceHandler);
  }
}
