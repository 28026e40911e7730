/** Sends traces to a collector over gRPC. */
export { OTLPTraceExporter } from "npm:@opentelemetry/exporter-trace-otlp-grpc@0.301.0";
