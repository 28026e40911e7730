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
import type { ServingState } from "../../server/serving_state.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { respond, type ResponseWriter } from "./call_waiter.ts";
import { failCall, refusing } from "./calls.ts";

const UNKNOWN_SERVICE = new EtcdError(GrpcCode.NotFound, "unknown service");
/** The whole server, as the health protocol names it. */
const WHOLE_SERVER = "";

/** grpc.health.v1.Health: a server that answers at all is serving, unless it says otherwise. */
export class HealthService {
  readonly #streams: OpenStreams;
  readonly #state: ServingState;
  readonly #writeCheck: ResponseWriter<HealthCheckResponse> = (writer, response) =>
    HealthCheckResponse.write(response, writer);
  readonly #writeList: ResponseWriter<HealthListResponse> = (writer, response) =>
    HealthListResponse.write(response, writer);

  constructor(streams: OpenStreams, state: ServingState) {
    this.#streams = streams;
    this.#state = state;
  }

  register(registry: ServiceRegistry): void {
    const { check, list, watch } = HEALTH_SERVICE;
    registry.addUnary(check.path, refusing((c, b, start, end) => this.#check(c, b, start, end)));
    registry.addUnary(list.path, refusing((call) => this.#list(call)));
    registry.addStream(
      watch.path,
      (call) => new HealthWatch(call, this.#streams, this.#state),
      "server_stream",
    );
  }

  #check(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { service } = HealthCheckRequest.decode(bytes, start, end);
    if (service !== WHOLE_SERVER) throw UNKNOWN_SERVICE;
    respond(call, this.#writeCheck, responseOf(this.#state));
  }

  #list(call: ServerCall): void {
    const statuses = [
      HealthStatusEntry.create({ key: WHOLE_SERVER, value: responseOf(this.#state) }),
    ];
    respond(call, this.#writeList, HealthListResponse.create({ statuses }));
  }
}

/** A health watch: the status now, and each one that comes after it. */
class HealthWatch implements MessageListener, EndlessStream {
  readonly #call: ServerCall;
  readonly #streams: OpenStreams;
  readonly #state: ServingState;
  readonly #tell = () => this.#send(responseOf(this.#state));

  constructor(call: ServerCall, streams: OpenStreams, state: ServingState) {
    this.#call = call;
    this.#streams = streams;
    this.#state = state;
    streams.add(this);
    call.onCancel = () => this.#close();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const { service } = HealthCheckRequest.decode(bytes, start, end);
      if (service === WHOLE_SERVER) {
        this.#tell();
        this.#state.add(this.#tell);
      } else {
        this.#send(HealthCheckResponse.create({ status: ServingStatus.SERVICE_UNKNOWN }));
      }
    } catch (error) {
      this.#close();
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {}

  serverStopping(): void {
    this.#close();
    failCall(this.#call, ETCD_ERRORS.stopped);
  }

  #send(response: HealthCheckResponse): void {
    const bytes = HealthCheckResponse.encode(response);
    this.#call.send(bytes, 0, bytes.length);
  }

  #close(): void {
    this.#streams.delete(this);
    this.#state.delete(this.#tell);
  }
}

function responseOf({ isServing }: ServingState): HealthCheckResponse {
  const status = isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  return HealthCheckResponse.create({ status });
}
