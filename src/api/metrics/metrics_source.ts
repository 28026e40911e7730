import type { EtcdServer } from "../../server/etcd_server.ts";
import type { HealthCounts } from "../http/health_counts.ts";
import type { DiskDurations } from "./disk_durations.ts";
import type { GrpcCounts } from "./grpc_counts.ts";
import type { ClientLoad } from "./load_metrics.ts";
import type { ScrapeCounts } from "./scrape_counts.ts";
import type { FeatureState } from "./version_metrics.ts";

/** Everything of one server that metrics are made of. */
export interface MetricsSource {
  readonly server: EtcdServer;
  readonly grpc: GrpcCounts;
  readonly disk: DiskDurations;
  readonly health: HealthCounts;
  readonly scrapes: ScrapeCounts;
  readonly clients: ClientLoad;
  readonly features: readonly FeatureState[];
}
