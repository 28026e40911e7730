import { Registry } from "../../deps/prom_client.ts";
import { compactionMetrics } from "./compaction_metrics.ts";
import { diskMetrics } from "./disk_metrics.ts";
import { registerFamilies } from "./family.ts";
import { grpcMetrics } from "./grpc_metrics.ts";
import { healthMetrics } from "./health_metrics.ts";
import { loadMetrics } from "./load_metrics.ts";
import type { MetricsSource } from "./metrics_source.ts";
import { processMetrics } from "./process_metrics.ts";
import { requestMetrics } from "./request_metrics.ts";
import { scrapeMetrics } from "./scrape_metrics.ts";
import { serverMetrics } from "./server_metrics.ts";
import { storeMetrics } from "./store_metrics.ts";
import { unusedMetrics } from "./unused_metrics.ts";
import { versionMetrics } from "./version_metrics.ts";
import { watchMetrics } from "./watch_metrics.ts";

/**
 * The registry of one server. Nothing is counted in it: each number is taken from where it is
 * counted anyway when somebody scrapes.
 */
export function newRegistry(source: MetricsSource): Registry {
  const { server, grpc, disk, health, scrapes, clients, features } = source;
  const registry = new Registry();
  registerFamilies(registry, [
    ...serverMetrics(server),
    ...requestMetrics(server.counts),
    ...storeMetrics(server),
    ...compactionMetrics(server),
    ...watchMetrics(server),
    ...diskMetrics(server, disk),
    ...versionMetrics(server, features),
    ...healthMetrics(health),
    ...grpcMetrics(grpc, () => clients.grpc.methods),
    ...loadMetrics(server, clients),
    ...processMetrics(),
    ...scrapeMetrics(scrapes),
    ...unusedMetrics(server.config),
  ]);
  return registry;
}
