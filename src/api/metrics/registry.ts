import { Registry } from "../../deps/prom_client.ts";
import { registerDiskMetrics } from "./disk_metrics.ts";
import { registerGrpcMetrics } from "./grpc_metrics.ts";
import { registerLoadMetrics } from "./load_metrics.ts";
import type { MetricsSource } from "./metrics_source.ts";
import { registerProcessMetrics } from "./process_metrics.ts";
import { registerServerMetrics } from "./server_metrics.ts";

/**
 * The registry of one server. Nothing is counted in it: each number is taken from where it is
 * counted anyway when somebody scrapes.
 */
export function newRegistry({ server, grpc, disk, health, clients }: MetricsSource): Registry {
  const registry = new Registry();
  registerServerMetrics(registry, server, health);
  registerDiskMetrics(registry, disk);
  registerGrpcMetrics(registry, grpc);
  registerLoadMetrics(registry, server, clients);
  registerProcessMetrics(registry);
  return registry;
}
