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
import type { EndlessStream, OpenStreams } from "../../server/open_streams.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { respond, type ResponseWriter } from "./call_waiter.ts";
import { failCall, refusing } from "./calls.ts";

const UNKNOWN_SERVICE = new EtcdError(GrpcCode.NotFound, "unknown service");
/** The whole server, as the health protocol names it. */
const WHOLE_SERVER = "";

/** grpc.health.v1.Health: a server that answers at all is serving. */
export class HealthService {
  readonly #streams: OpenStreams;
  readonly #writeCheck: ResponseWriter<HealthCheckResponse> = (writer, response) =>
    HealthCheckResponse.write(response, writer);
  readonly #writeList: ResponseWriter<HealthListResponse> = (writer, response) =>
    HealthListResponse.write(response, writer);

  constructor(streams: OpenStreams) {
    this.#streams = streams;
  }

  register(registry: ServiceRegistry): void {
    const { check, list, watch } = HEALTH_SERVICE;
    registry.addUnary(check.path, refusing((c, b, start, end) => this.#check(c, b, start, end)));
    registry.addUnary(list.path, refusing((call) => this.#list(call)));
    registry.addStream(
      watch.path,
      (call) => new HealthWatch(call, this.#streams),
      "server_stream",
    );
  }

  #check(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { service } = HealthCheckRequest.decode(bytes, start, end);
    if (service !== WHOLE_SERVER) throw UNKNOWN_SERVICE;
    respond(call, this.#writeCheck, serving());
  }

  #list(call: ServerCall): void {
    const statuses = [HealthStatusEntry.create({ key: WHOLE_SERVER, value: serving() })];
    respond(call, this.#writeList, HealthListResponse.create({ statuses }));
  }
}

/** A health watch: the status now, and the stream stays open for a change that never comes. */
class HealthWatch implements MessageListener, EndlessStream {
  readonly #call: ServerCall;
  readonly #streams: OpenStreams;

  constructor(call: ServerCall, streams: OpenStreams) {
    this.#call = call;
    this.#streams = streams;
    streams.add(this);
    call.onCancel = () => streams.delete(this);
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const { service } = HealthCheckRequest.decode(bytes, start, end);
      const status = service === WHOLE_SERVER
        ? ServingStatus.SERVING
        : ServingStatus.SERVICE_UNKNOWN;
      const response = HealthCheckResponse.encode(HealthCheckResponse.create({ status }));
      this.#call.send(response, 0, response.length);
    } catch (error) {
      this.#streams.delete(this);
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {}

  serverStopping(): void {
    failCall(this.#call, ETCD_ERRORS.stopped);
  }
}

function serving(): HealthCheckResponse {
  return HealthCheckResponse.create({ status: ServingStatus.SERVING });
}
