import { GrpcCode } from "../../base/grpc_code.ts";
import { Counter, type Registry } from "../../deps/prom_client.ts";
import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcCounts, MethodCounts } from "./grpc_counts.ts";
import { counter, registerValue } from "./read_value.ts";

const CODE_NAMES: readonly string[] = Object.keys(GrpcCode);
const LABELS = ["grpc_type", "grpc_service", "grpc_method"];

/** Adds counts of calls, messages and bytes, named as Prometheus' interceptor for gRPC names them. */
export function registerGrpcMetrics(registry: Registry, counts: GrpcCounts): void {
  const perMethod = (what: string, help: string, read: (counts: MethodCounts) => number) =>
    registerPerMethod(registry, counts, `grpc_server_${what}_total`, help, read);
  perMethod("started", "Total number of RPCs started on the server.", (c) => c.started);
  perMethod(
    "msg_received",
    "Total number of RPC stream messages received on the server.",
    (c) => c.received,
  );
  perMethod(
    "msg_sent",
    "Total number of gRPC stream messages sent by the server.",
    (c) => c.sent,
  );
  registerHandled(registry, counts);
  const bytes = (direction: string, words: string, read: () => number) =>
    counter(
      `etcd_network_client_grpc_${direction}_bytes_total`,
      `The total number of bytes ${words} grpc clients.`,
      read,
    );
  registerValue(registry, bytes("received", "received from", () => counts.receivedBytes));
  registerValue(registry, bytes("sent", "sent to", () => counts.sentBytes));
}

function registerPerMethod(
  registry: Registry,
  { byMethod }: GrpcCounts,
  name: string,
  help: string,
  read: (counts: MethodCounts) => number,
): void {
  new Counter({
    name,
    help,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const [method, counts] of byMethod) this.labels(...labelsOf(method)).inc(read(counts));
    },
  });
}

function registerHandled(registry: Registry, { byMethod }: GrpcCounts): void {
  new Counter({
    name: "grpc_server_handled_total",
    help: "Total number of RPCs completed on the server, regardless of success or failure.",
    labelNames: [...LABELS, "grpc_code"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [method, { handled }] of byMethod) {
        handled.forEach((count, code) =>
          this.labels(...labelsOf(method), CODE_NAMES[code]).inc(count)
        );
      }
    },
  });
}

function labelsOf(method: GrpcMethod): [string, string, string] {
  return [method.type, method.service, method.name];
}
