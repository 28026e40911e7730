import { GrpcCode } from "../../base/grpc_code.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { MessageListener, ServerCall } from "../../net/grpc/server_call.ts";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListResponse,
  HealthStatusEntry,
  ServingStatus,
} from "../../pb/healthpb.ts";
import { HEALTH_SERVICE } from "../../pb/services.ts";
import type { HealthStatus } from "../../server/health_status.ts";
import type { EndlessStream, OpenStreams } from "../../server/open_streams.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { respond, type ResponseWriter } from "./call_waiter.ts";
import { failCall, refusing } from "./calls.ts";

const UNKNOWN_SERVICE = new EtcdError(GrpcCode.NotFound, "unknown service");
/** The whole server, as the health protocol names it. */
const WHOLE_SERVER = "";

/** grpc.health.v1.Health: a server that answers at all is serving, unless it says otherwise. */
export class HealthService {
  readonly #streams: OpenStreams;
  readonly #health: HealthStatus;
  readonly #writeCheck: ResponseWriter<HealthCheckResponse> = (writer, response) =>
    HealthCheckResponse.write(response, writer);
  readonly #writeList: ResponseWriter<HealthListResponse> = (writer, response) =>
    HealthListResponse.write(response, writer);

  constructor(streams: OpenStreams, health: HealthStatus) {
    this.#streams = streams;
    this.#health = health;
  }

  register(registry: ServiceRegistry): void {
    const { check, list, watch } = HEALTH_SERVICE;
    registry.addUnary(check.path, refusing((c, b, start, end) => this.#check(c, b, start, end)));
    registry.addUnary(list.path, refusing((call) => this.#list(call)));
    registry.addStream(
      watch.path,
      (call) => new HealthWatch(call, this.#streams, this.#health),
      "server_stream",
    );
  }

  #check(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { service } = HealthCheckRequest.decode(bytes, start, end);
    if (service !== WHOLE_SERVER) throw UNKNOWN_SERVICE;
    respond(call, this.#writeCheck, responseOf(this.#health));
  }

  #list(call: ServerCall): void {
    const statuses = [
      HealthStatusEntry.create({ key: WHOLE_SERVER, value: responseOf(this.#health) }),
    ];
    respond(call, this.#writeList, HealthListResponse.create({ statuses }));
  }
}

/** A health watch: the status now, and again whenever it changes. */
class HealthWatch implements MessageListener, EndlessStream {
  readonly #call: ServerCall;
  readonly #streams: OpenStreams;
  readonly #health: HealthStatus;
  readonly #changed = (): void => this.#send(statusOf(this.#health));

  constructor(call: ServerCall, streams: OpenStreams, health: HealthStatus) {
    this.#call = call;
    this.#streams = streams;
    this.#health = health;
    streams.add(this);
    call.onCancel = () => this.#forget();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const { service } = HealthCheckRequest.decode(bytes, start, end);
      if (service !== WHOLE_SERVER) {
        this.#send(ServingStatus.SERVICE_UNKNOWN);
        return;
      }
      this.#changed();
      this.#health.listen(this.#changed);
    } catch (error) {
      this.#forget();
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {}

  serverStopping(): void {
    this.#forget();
    failCall(this.#call, ETCD_ERRORS.stopped);
  }

  #send(status: HealthCheckResponse["status"]): void {
    const response = HealthCheckResponse.encode(HealthCheckResponse.create({ status }));
    this.#call.send(response, 0, response.length);
  }

  #forget(): void {
    this.#streams.delete(this);
    this.#health.unlisten(this.#changed);
  }
}

function statusOf({ isServing }: HealthStatus): HealthCheckResponse["status"] {
  return isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

function responseOf(health: HealthStatus): HealthCheckResponse {
  return HealthCheckResponse.create({ status: statusOf(health) });
}
