import { GrpcCode } from "../../base/grpc_code.ts";
import type { GrpcMethod } from "../../net/grpc/method.ts";
import {
  counter,
  counters,
  histograms,
  type LabelledValues,
  type Labels,
  type MetricFamily,
} from "./family.ts";
import type { GrpcCounts, MethodCounts } from "./grpc_counts.ts";

const CODE_NAMES: readonly string[] = Object.keys(GrpcCode);

/**
 * Counts of calls, messages and bytes, named as Prometheus' interceptor for gRPC names them. Every
 * method has its lines from the start: a rate needs a zero to rise from.
 */
export function grpcMetrics(counts: GrpcCounts, methods: () => GrpcMethod[]): MetricFamily[] {
  return [
    ...callMetrics(counts, methods),
    counter(
      "etcd_network_client_grpc_received_bytes_total",
      "Bytes of the messages received from gRPC clients.",
      () => counts.receivedBytes,
    ),
    counter(
      "etcd_network_client_grpc_sent_bytes_total",
      "Bytes of the messages sent to gRPC clients.",
      () => counts.sentBytes,
    ),
    counters(
      "etcd_server_client_requests_total",
      "Calls by the version of the API that the client says it has.",
      () =>
        Array.from(counts.clientRequests.all, ({ type, version, count }) => [
          { client_api_version: version, type },
          count,
        ]),
    ),
  ];
}

function callMetrics(counts: GrpcCounts, methods: () => GrpcMethod[]): MetricFamily[] {
  const perMethod = (
    what: string,
    help: string,
    read: (counts: MethodCounts) => number,
  ): MetricFamily =>
    counters(
      `grpc_server_${what}_total`,
      help,
      () => methods().map((method) => [labelsOf(method), read(counts.of(method))]),
    );
  const families = [
    perMethod("started", "Calls that began.", (method) => method.started),
    perMethod("msg_received", "Messages received.", (method) => method.received),
    perMethod("msg_sent", "Messages sent.", (method) => method.sent),
    counters(
      "grpc_server_handled_total",
      "Calls that ended, by the status code they ended with.",
      () => handledLines(counts, methods()),
    ),
  ];
  if (counts.timed) families.push(handlingMetric(counts, methods));
  return families;
}

function handlingMetric(counts: GrpcCounts, methods: () => GrpcMethod[]): MetricFamily {
  return histograms(
    "grpc_server_handling_seconds",
    "How long calls took from their headers to their end.",
    () => methods().map((method) => [labelsOf(method), counts.of(method).handlingSeconds]),
  );
}

function* handledLines(counts: GrpcCounts, methods: readonly GrpcMethod[]): LabelledValues {
  for (const method of methods) {
    const { handled } = counts.of(method);
    for (const [code, grpc_code] of CODE_NAMES.entries()) {
      yield [{ grpc_code, ...labelsOf(method) }, handled[code] ?? 0];
    }
  }
}

function labelsOf({ name, service, type }: GrpcMethod): Labels {
  return { grpc_method: name, grpc_service: service, grpc_type: type };
}
