import { canonicalCodeOf } from "../base/grpc_code.ts";
import { AddressError, splitHostPort } from "../base/host_port.ts";
import {
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
} from "../deps/opentelemetry_api.ts";
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "../deps/opentelemetry_core.ts";
import { OTLPTraceExporter } from "../deps/opentelemetry_otlp.ts";
import { resourceFromAttributes } from "../deps/opentelemetry_resources.ts";
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "../deps/opentelemetry_trace.ts";
import type { CallTracer } from "../net/grpc/call_tracer.ts";
import type { Metadata } from "../net/grpc/metadata.ts";
import type { GrpcMethod } from "../net/grpc/method.ts";
import type { ServerCall } from "../net/grpc/server_call.ts";
import type { Config } from "./config/config.ts";
import { CONFIG_LIMITS } from "./config/limits.ts";

/** Who made the spans. */
const SCOPE = "detcd/grpc";

/** Codes by which a server says that it is at fault, and not who called it. */
const SERVER_FAULTS: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

const METADATA_GETTER: TextMapGetter<Metadata> = {
  get: (metadata, name) => metadata.get(name),
  keys: (metadata) => metadata.fields.filter((_, i) => i % 2 === 0),
};

/**
 * Makes a span of each gRPC call and sends it to an OpenTelemetry collector. This module is loaded
 * only when tracing is on.
 */
export class Tracing implements CallTracer {
  readonly #provider: TracerProvider;
  readonly #tracer: ReturnType<TracerProvider["getTracer"]>;
  readonly #propagator = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });

  constructor(config: Config) {
    const exporter = new OTLPTraceExporter({
      // etcd speaks to the collector without TLS, too.
      url: `http://${config.distributedTracingAddress}`,
    });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes(resourceOf(config)),
      sampler: new ParentBasedSampler({
        root: samplerOf(config.distributedTracingSamplingRatePerMillion),
      }),
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    });
    this.#tracer = this.#provider.getTracer(SCOPE);
    config.getLogger("embed").debug("distributed tracing enabled", {
      address: config.distributedTracingAddress,
      "service-name": config.distributedTracingServiceName,
      "service-instance-id": config.distributedTracingServiceInstanceId,
      "sampling-rate": config.distributedTracingSamplingRatePerMillion,
    });
  }

  started(call: ServerCall, method: GrpcMethod): (code: number) => void {
    const parent: Context = this.#propagator.extract(ROOT_CONTEXT, call.metadata, METADATA_GETTER);
    const name = method.path.slice(1);
    const span = this.#tracer.startSpan(name, {
      kind: SpanKind.SERVER,
      attributes: attributesOf(call, name),
    }, parent);
    return (code) => {
      const word = canonicalCodeOf(code);
      span.setAttribute("rpc.response.status_code", word);
      if (SERVER_FAULTS.has(word)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    };
  }

  /** Sends what has not been sent yet. A collector that does not answer is given up. */
  async close(): Promise<void> {
    const { promise: waited, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CONFIG_LIMITS.tracingCloseMs);
    await Promise.race([waited, this.#provider.shutdown().catch(() => {})]);
    clearTimeout(timer);
  }
}

function attributesOf(call: ServerCall, name: string): Record<string, string | number> {
  return { "rpc.system.name": "grpc", "rpc.method": name, ...serverAddress(call.authority) };
}

/** Where the server was called; nothing if the caller does not say so in the usual form. */
function serverAddress(authority: string): Record<string, string | number> {
  try {
    const { host, port } = splitHostPort(authority);
    return { "server.address": host, "server.port": Number(port) };
  } catch (error) {
    if (error instanceof AddressError) return {};
    throw error;
  }
}

function resourceOf(config: Config): Record<string, string> {
  const id = config.distributedTracingServiceInstanceId;
  return {
    "service.name": config.distributedTracingServiceName,
    // It must be unique, so that an empty one is none.
    ...(id === "" ? {} : { "service.instance.id": id }),
  };
}

function samplerOf(perMillion: number): Sampler {
  if (perMillion === 0) return new AlwaysOffSampler();
  return new TraceIdRatioBasedSampler(perMillion / CONFIG_LIMITS.tracingSamplesPerMillion);
}
