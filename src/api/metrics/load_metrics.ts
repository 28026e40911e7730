import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcServerCounters } from "../../net/grpc/server.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { gauge, type MetricFamily } from "./family.ts";

/** What listens for clients, as far as its load is concerned. */
export interface ClientLoad {
  readonly connectionCount: number;
  readonly grpc: { readonly counters: GrpcServerCounters; readonly methods: GrpcMethod[] };
}

/**
 * What the server holds for its clients at the moment. All of it goes down to nothing when they
 * are gone: a number that stays is a leak.
 */
export function loadMetrics(server: EtcdServer, clients: ClientLoad): MetricFamily[] {
  const { grpc } = clients;
  return [
    gauge(
      "detcd_client_connections",
      "Connections of clients.",
      () => clients.connectionCount,
    ),
    gauge(
      "detcd_grpc_active_calls",
      "gRPC calls that have not ended.",
      () => grpc.counters.activeCalls,
    ),
    gauge(
      "detcd_grpc_pending_deadlines",
      "gRPC calls that end when their deadline passes.",
      () => grpc.counters.pendingDeadlines,
    ),
    gauge(
      "detcd_grpc_unfinished_message_bytes",
      "Memory taken by messages that have not come whole.",
      () => grpc.counters.unfinishedBytes,
    ),
    gauge(
      "detcd_server_open_streams",
      "Streams that last until their client or this server ends them.",
      () => server.streams.count,
    ),
    gauge(
      "detcd_server_reads_waiting",
      "Linearizable reads that wait for their confirmation.",
      () => server.waitingReadCount,
    ),
  ];
}
