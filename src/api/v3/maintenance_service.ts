import { ETCD_ERRORS } from "../../core/errors.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { ResponseHeader, StatusResponse } from "../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { ETCD_VERSION } from "../../server/versions.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { respond, type ResponseWriter } from "./call_waiter.ts";
import { refusing } from "./calls.ts";

/** etcdserverpb.Maintenance: so far what `endpoint status` asks. */
export class MaintenanceService {
  readonly #server: EtcdServer;
  readonly #writeStatus: ResponseWriter<StatusResponse>;

  constructor(server: EtcdServer) {
    this.#server = server;
    this.#writeStatus = (writer, response) => StatusResponse.write(response, writer);
  }

  register(registry: ServiceRegistry): void {
    registry.addUnary(MAINTENANCE_SERVICE.status.path, refusing((call) => this.#status(call)));
  }

  #status(call: ServerCall): void {
    respond(call, this.#writeStatus, statusOf(this.#server));
  }
}

function statusOf(server: EtcdServer): StatusResponse {
  const { store } = server;
  return StatusResponse.create({
    header: ResponseHeader.create({
      clusterId: server.clusterId,
      memberId: server.memberId,
      revision: store.currentRevision,
      raftTerm: server.term,
    }),
    version: ETCD_VERSION,
    dbSize: store.sizeInUseBytes,
    dbSizeInUse: store.sizeInUseBytes,
    leader: server.leader,
    raftIndex: server.committedIndex,
    raftTerm: server.term,
    raftAppliedIndex: server.appliedIndex,
    errors: server.leader === NO_MEMBER ? [ETCD_ERRORS.noLeader.message] : [],
  });
}
