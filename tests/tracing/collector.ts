import { Buffer } from "node:buffer";
import { Server, ServerCredentials } from "../../src/deps/grpc_js.ts";
import { protobuf } from "../../src/deps/protobufjs.ts";

/** As much of OpenTelemetry's protocol as a test reads. */
const PROTOCOL = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Status { int32 code = 3; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  bytes parent_span_id = 4;
  string name = 5;
  int32 kind = 6;
  repeated KeyValue attributes = 9;
  Status status = 15;
}
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message ExportRequest { repeated ResourceSpans resource_spans = 1; }
`;

const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const exportRequest = protobuf.parse(PROTOCOL).root.lookupType("ExportRequest");

/** A span as it came. */
interface CollectedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
}

type Attributes = readonly { key: string; value: Record<string, unknown> }[];

interface ExportedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly attributes: Attributes;
  readonly status?: { readonly code: number };
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

/** A collector of traces on a port of its own, which keeps what it is sent. */
export class Collector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  readonly #server = new Server();
  #port = 0;

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await collector.#listen();
    return collector;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The first span of this name. */
  span(name: string): CollectedSpan {
    const found = this.spans.find((span) => span.name === name);
    if (found !== undefined) return found;
    throw new Error(`${name} is not among ${this.spans.map((span) => span.name).join(", ")}`);
  }

  #listen(): Promise<void> {
    const asIs = (bytes: Buffer) => bytes;
    this.#server.addService({
      export: {
        path: EXPORT_PATH,
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    }, {
      export: (call: { request: Buffer }, done: (error: null, response: Buffer) => void) => {
        this.#take(call.request);
        done(null, Buffer.alloc(0));
      },
    });
    return new Promise((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
        if (error !== null) reject(error);
        this.#port = port;
        resolve();
      });
    });
  }

  #take(bytes: Buffer): void {
    const message = exportRequest.decode(bytes);
    const exported: Exported = JSON.parse(JSON.stringify(
      exportRequest.toObject(message, { arrays: true, longs: String, bytes: String }),
    ));
    for (const { resource, scopeSpans } of exported.resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          name: span.name,
          kind: span.kind,
          traceId: Buffer.from(span.traceId, "base64").toString("hex"),
          parentSpanId: Buffer.from(span.parentSpanId ?? "", "base64").toString("hex"),
          statusCode: span.status?.code ?? 0,
          attributes: plain(span.attributes),
          resource: plain(resource.attributes),
        });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
  }
}

function plain(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]),
  );
}
