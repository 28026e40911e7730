import { GrpcCode } from "../../base/grpc_code.ts";
import { Counter, type Registry } from "../../deps/prom_client.ts";
import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { GrpcObserver } from "../../net/grpc/observer.ts";

const CODE_NAMES: readonly string[] = Object.keys(GrpcCode);
const LABELS = ["grpc_type", "grpc_service", "grpc_method"];

/** What has happened to the calls of one method. */
class MethodCounts {
  started = 0;
  received = 0;
  sent = 0;
  /** By status code. */
  readonly handled: number[] = new Array(CODE_NAMES.length).fill(0);
}

/**
 * Counts calls, messages and bytes by the names of the Prometheus interceptor for gRPC. Counting
 * is an addition to a number; labels and text are made when somebody scrapes.
 */
export class GrpcMetrics implements GrpcObserver {
  readonly timed = false;
  readonly #counts = new Map<GrpcMethod, MethodCounts>();
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(registry: Registry) {
    this.#registerMessages(registry, "started", "RPCs started on the server.", (c) => c.started);
    this.#registerMessages(
      registry,
      "msg_received",
      "Stream messages received on the server.",
      (c) => c.received,
    );
    this.#registerMessages(
      registry,
      "msg_sent",
      "gRPC stream messages sent by the server.",
      (c) => c.sent,
    );
    this.#registerHandled(registry);
    registerBytes(registry, "received", "received from", () => this.#receivedBytes);
    registerBytes(registry, "sent", "sent to", () => this.#sentBytes);
  }

  started(method: GrpcMethod): void {
    this.#of(method).started++;
  }

  received(method: GrpcMethod, sizeBytes: number): void {
    this.#of(method).received++;
    this.#receivedBytes += sizeBytes;
  }

  sent(method: GrpcMethod, sizeBytes: number): void {
    this.#of(method).sent++;
    this.#sentBytes += sizeBytes;
  }

  handled(method: GrpcMethod, code: number): void {
    this.#of(method).handled[code]++;
  }

  #of(method: GrpcMethod): MethodCounts {
    let counts = this.#counts.get(method);
    if (counts === undefined) {
      counts = new MethodCounts();
      this.#counts.set(method, counts);
    }
    return counts;
  }

  #registerMessages(
    registry: Registry,
    what: string,
    help: string,
    read: (counts: MethodCounts) => number,
  ): void {
    const counts = this.#counts;
    new Counter({
      name: `grpc_server_${what}_total`,
      help: `Total number of ${help}`,
      labelNames: LABELS,
      registers: [registry],
      collect() {
        this.reset();
        for (const [method, count] of counts) this.labels(...labelsOf(method)).inc(read(count));
      },
    });
  }

  #registerHandled(registry: Registry): void {
    const counts = this.#counts;
    new Counter({
      name: "grpc_server_handled_total",
      help: "Total number of RPCs completed on the server, regardless of success or failure.",
      labelNames: [...LABELS, "grpc_code"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [method, { handled }] of counts) {
          handled.forEach((count, code) => {
            if (count > 0) this.labels(...labelsOf(method), CODE_NAMES[code]).inc(count);
          });
        }
      },
    });
  }
}

function registerBytes(
  registry: Registry,
  direction: string,
  words: string,
  read: () => number,
): void {
  new Counter({
    name: `etcd_network_client_grpc_${direction}_bytes_total`,
    help: `The total number of bytes ${words} grpc clients.`,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

function labelsOf(method: GrpcMethod): [string, string, string] {
  return [method.type, method.service, method.name];
}
