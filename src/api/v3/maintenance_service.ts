import { formatAlarm } from "../../core/alarms/alarms.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import {
  AlarmAction,
  AlarmMember,
  AlarmRequest,
  HashKVRequest,
  ResponseHeader,
  StatusResponse,
} from "../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { AlarmOperation } from "../../server/operations/alarm.ts";
import { OperationField } from "../../server/operations/field.ts";
import { ETCD_VERSION } from "../../server/versions.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { CallWaiter, respond, type ResponseWriter } from "./call_waiter.ts";
import { refusing, whenReadable } from "./calls.ts";
import { HashKvCall } from "./hash_kv_call.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

/** Tag of the alarms in an AlarmResponse. */
const ALARMS_TAG = 0x12;

/** etcdserverpb.Maintenance: so far Status, Alarm and HashKV. */
export class MaintenanceService {
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #writeStatus: ResponseWriter<StatusResponse>;
  readonly #writeAlarms: ResponseWriter<readonly AlarmMember[]>;

  constructor(server: EtcdServer) {
    this.#server = server;
    const header = new ResponseHeaderWriter(server);
    this.#header = header;
    this.#writeStatus = (writer, response) => StatusResponse.write(response, writer);
    this.#writeAlarms = (writer, alarms) => {
      header.write(writer);
      for (const alarm of alarms) {
        writer.tag(ALARMS_TAG);
        const start = writer.beginMessage();
        AlarmMember.write(alarm, writer);
        writer.endMessage(start);
      }
    };
  }

  register(registry: ServiceRegistry): void {
    const { status, alarm, hashKv } = MAINTENANCE_SERVICE;
    registry.addUnary(status.path, refusing((call) => this.#status(call)));
    registry.addUnary(alarm.path, refusing((c, b, start, end) => this.#alarm(c, b, start, end)));
    registry.addUnary(hashKv.path, refusing((c, b, start, end) => this.#hashKv(c, b, start, end)));
  }

  #status(call: ServerCall): void {
    respond(call, this.#writeStatus, statusOf(this.#server));
  }

  #alarm(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = AlarmRequest.decode(bytes, start, end);
    if (request.action === AlarmAction.GET) {
      // etcd asks the log even for this; a confirmed read sees the same alarms and costs no sync.
      const alarms = () => this.#server.alarms.list(request.alarm);
      whenReadable(this.#server, call, () => respond(call, this.#writeAlarms, alarms()));
      return;
    }
    const frame = this.#server.frame(OperationField.ALARM, bytes, start, end);
    const waiter = new CallWaiter(call, this.#writeAlarms);
    this.#server.propose(new AlarmOperation(request, waiter), frame);
  }

  #hashKv(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { revision } = HashKVRequest.decode(bytes, start, end);
    new HashKvCall(call, this.#server, this.#header, revision);
  }
}

function statusOf(server: EtcdServer): StatusResponse {
  const { store, databaseSize } = server;
  return StatusResponse.create({
    header: ResponseHeader.create({
      clusterId: server.clusterId,
      memberId: server.memberId,
      revision: store.currentRevision,
      raftTerm: server.term,
    }),
    version: ETCD_VERSION,
    dbSize: databaseSize.totalBytes,
    dbSizeInUse: databaseSize.inUseBytes,
    dbSizeQuota: server.quota.quotaBytes,
    leader: server.leader,
    raftIndex: server.committedIndex,
    raftTerm: server.term,
    raftAppliedIndex: server.appliedIndex,
    errors: errorsOf(server),
  });
}

function errorsOf(server: EtcdServer): string[] {
  const alarms = server.alarms.list().map(formatAlarm);
  return server.leader === NO_MEMBER ? [ETCD_ERRORS.noLeader.message, ...alarms] : alarms;
}
