import { GrpcCode } from "../../base/grpc_code.ts";
import { formatAlarm } from "../../core/alarms/alarms.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import { DiskError } from "../../disk/disk_error.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import {
  AlarmAction,
  AlarmMember,
  AlarmRequest,
  DefragmentRequest,
  DefragmentResponse,
  DowngradeInfo,
  DowngradeRequest,
  HashKVRequest,
  HashRequest,
  MoveLeaderRequest,
  MoveLeaderResponse,
  ResponseHeader,
  StatusResponse,
} from "../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { AlarmOperation } from "../../server/operations/alarm.ts";
import { OperationField } from "../../server/operations/field.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { requireRoot, requireUser } from "./access.ts";
import { CallWaiter, respond, type ResponseWriter } from "./call_waiter.ts";
import { refusing, whenReadable } from "./calls.ts";
import { failWithServer } from "./disk_failure.ts";
import { answerDowngrade } from "./downgrade_call.ts";
import { HashCall } from "./hash_call.ts";
import { HashKvCall } from "./hash_kv_call.ts";
import { PinnedImages } from "./pinned_images.ts";
import { ResponseHeaderWriter } from "./response_header.ts";
import { SnapshotStream } from "./snapshot_stream.ts";

/** Tag of the alarms in an AlarmResponse. */
const ALARMS_TAG = 0x12;

/** The first minor version of etcd 3 whose Status tells quota, storage version and downgrades. */
const FULL_STATUS_MINOR = 6;

/** etcdserverpb.Maintenance. */
export class MaintenanceService {
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #images: PinnedImages;
  readonly #writeStatus: ResponseWriter<StatusResponse>;
  readonly #writeDefragmented: ResponseWriter<undefined>;
  readonly #writeMoved: ResponseWriter<undefined>;
  readonly #writeAlarms: ResponseWriter<readonly AlarmMember[]>;

  constructor(server: EtcdServer) {
    this.#server = server;
    const header = new ResponseHeaderWriter(server);
    this.#header = header;
    this.#images = new PinnedImages(server);
    this.#writeStatus = (writer, response) => StatusResponse.write(response, writer);
    // As in etcd, not even a header.
    this.#writeDefragmented = (writer) =>
      DefragmentResponse.write(DefragmentResponse.create(), writer);
    this.#writeMoved = (writer) => MoveLeaderResponse.write(MoveLeaderResponse.create(), writer);
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
    const { status, alarm, hash, hashKv, defragment, snapshot, moveLeader, downgrade } =
      MAINTENANCE_SERVICE;
    registry.addUnary(status.path, refusing((call) => this.#status(call)));
    registry.addUnary(alarm.path, refusing((c, b, start, end) => this.#alarm(c, b, start, end)));
    registry.addUnary(hash.path, refusing((c, b, start, end) => this.#hash(c, b, start, end)));
    registry.addUnary(hashKv.path, refusing((c, b, start, end) => this.#hashKv(c, b, start, end)));
    registry.addUnary(
      defragment.path,
      refusing((c, b, start, end) => this.#defragment(c, b, start, end)),
    );
    registry.addUnary(
      moveLeader.path,
      refusing((c, b, start, end) => this.#moveLeader(c, b, start, end)),
    );
    if (this.#server.config.compatVersion.minor >= FULL_STATUS_MINOR) {
      registry.addUnary(
        downgrade.path,
        refusing((c, b, start, end) => this.#downgrade(c, b, start, end)),
      );
    }
    registry.addStream(
      snapshot.path,
      (call) => new SnapshotStream(call, this.#server, this.#images),
      "server_stream",
    );
  }

  #status(call: ServerCall): void {
    requireUser(this.#server.auth, call);
    respond(call, this.#writeStatus, statusOf(this.#server));
  }

  #alarm(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = AlarmRequest.decode(bytes, start, end);
    if (request.action === AlarmAction.GET) {
      // etcd asks the log even for this; a confirmed read sees the same alarms and costs no sync.
      const alarms = () => this.#server.alarms.list(request.alarm);
      requireUser(this.#server.auth, call);
      whenReadable(this.#server, call, () => respond(call, this.#writeAlarms, alarms()));
      return;
    }
    const requester = requireRoot(this.#server.auth, call);
    const frame = this.#server.frame(OperationField.ALARM, bytes, start, end, requester);
    const waiter = new CallWaiter(call, this.#writeAlarms);
    const operation = new AlarmOperation(request, waiter, requester);
    this.#server.propose(operation, frame, call.remote.work);
  }

  #hash(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    HashRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    new HashCall(call, this.#server, this.#images, this.#header);
  }

  #hashKv(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { revision } = HashKVRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    new HashKvCall(call, this.#server, this.#header, revision);
  }

  #moveLeader(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { targetId } = MoveLeaderRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    if (!this.#server.leads) throw ETCD_ERRORS.notLeader;
    const target = this.#server.membership.get(targetId);
    if (target === undefined || target.isLearner) throw ETCD_ERRORS.badLeaderTransferee;
    // The only voter leads already; as in etcd, there is not even a header.
    respond(call, this.#writeMoved, undefined);
  }

  #downgrade(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = DowngradeRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    answerDowngrade(this.#server, call, request);
  }

  #defragment(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    DefragmentRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    this.#server.defragment().then(
      () => respond(call, this.#writeDefragmented, undefined),
      (error) => {
        // The backend knows best whether its old file can still be used, and stops the member if not.
        if (error instanceof DiskError) call.fail(GrpcCode.Unknown, error.message);
        else failWithServer(call, this.#server, error);
      },
    );
  }
}

function statusOf(server: EtcdServer): StatusResponse {
  const { backend, config: { compatVersion } } = server;
  const status = StatusResponse.create({
    header: ResponseHeader.create({
      clusterId: server.clusterId,
      memberId: server.memberId,
      revision: server.store.currentRevision,
      raftTerm: server.term,
    }),
    version: compatVersion.release,
    dbSize: backend.sizeBytes,
    dbSizeInUse: backend.inUseBytes,
    leader: server.leader,
    raftIndex: server.committedIndex,
    raftTerm: server.term,
    raftAppliedIndex: server.appliedIndex,
    errors: errorsOf(server),
  });
  if (compatVersion.minor >= FULL_STATUS_MINOR) {
    status.dbSizeQuota = server.quota.quotaBytes;
    status.storageVersion = server.storageVersion ?? "";
    status.downgradeInfo = DowngradeInfo.create(server.membership.downgrade);
  }
  return status;
}

function errorsOf(server: EtcdServer): string[] {
  const alarms = server.alarms.list().map(formatAlarm);
  return server.leader === NO_MEMBER ? [ETCD_ERRORS.noLeader.message, ...alarms] : alarms;
}
