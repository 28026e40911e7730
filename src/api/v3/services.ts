import type { EtcdServer } from "../../server/etcd_server.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { AuthService } from "./auth_service.ts";
import { ClusterService } from "./cluster_service.ts";
import { ElectionService } from "./concurrency/election_service.ts";
import { InnerServices } from "./concurrency/inner_services.ts";
import { LockService } from "./concurrency/lock_service.ts";
import { HealthService } from "./health_service.ts";
import { KvService } from "./kv_service.ts";
import { LeaseService } from "./lease_service.ts";
import { MaintenanceService } from "./maintenance_service.ts";
import { verifying } from "./verifying_registry.ts";
import { WatchService } from "./watch_service.ts";

/** Adds every service of the v3 API. */
export function registerServices(given: ServiceRegistry, server: EtcdServer): void {
  const registry = verifying(given, server);
  new KvService(server).register(registry);
  new WatchService(server).register(registry);
  new LeaseService(server).register(registry);
  new ClusterService(server).register(registry);
  new MaintenanceService(server).register(registry);
  new AuthService(server).register(registry);
  const inner = new InnerServices(server);
  new LockService(server, inner).register(registry);
  new ElectionService(server, inner).register(registry);
  new HealthService(server.streams, server.serving).register(registry);
}
