import { ETCD_ERRORS } from "../../core/errors.ts";
import { checkDowngrade, downgradeTargetOf } from "../../core/members/downgrade.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import {
  DowngradeAction,
  type DowngradeRequest,
  DowngradeResponse,
  ResponseHeader,
} from "../../pb/etcdserverpb.ts";
import { DowngradeInfoSetRequest } from "../../pb/membershippb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { DowngradeInfoSetOperation } from "../../server/operations/cluster.ts";
import { CallWaiter, respond } from "./call_waiter.ts";
import { whenReadable } from "./calls.ts";

/**
 * Answers Maintenance.Downgrade. Enabling a downgrade only says where the cluster is to go; the
 * member takes it there by and by (server/versions/version_monitor.ts).
 */
export function answerDowngrade(
  server: EtcdServer,
  call: ServerCall,
  { action, version }: DowngradeRequest,
): void {
  if (action === DowngradeAction.CANCEL) return cancel(server, call);
  if (action !== DowngradeAction.VALIDATE && action !== DowngradeAction.ENABLE) {
    throw ETCD_ERRORS.unknownMethod;
  }
  const targetVersion = downgradeTargetOf(version);
  whenReadable(server, call, () => {
    const { clusterVersion, downgrade } = server.membership;
    checkDowngrade(clusterVersion, downgrade, targetVersion);
    if (action === DowngradeAction.VALIDATE) answer(server, call);
    else propose(server, call, { enabled: true, ver: targetVersion });
  });
}

/** As in etcd it is no error when there is nothing to cancel. */
function cancel(server: EtcdServer, call: ServerCall): void {
  whenReadable(server, call, () => {
    if (server.membership.downgrade.enabled) propose(server, call, { enabled: false, ver: "" });
    else answer(server, call);
  });
}

function propose(
  server: EtcdServer,
  call: ServerCall,
  request: DowngradeInfoSetRequest,
): void {
  const waiter = new CallWaiter<void>(call, (writer) => {
    DowngradeResponse.write(responseOf(server), writer);
  });
  server.proposeEncoded(
    new DowngradeInfoSetOperation(request, waiter),
    DowngradeInfoSetRequest.encode(request),
  );
}

function answer(server: EtcdServer, call: ServerCall): void {
  respond(call, (writer) => DowngradeResponse.write(responseOf(server), writer), undefined);
}

/** Tells the version that the cluster has now, without its patch number. */
function responseOf(server: EtcdServer): DowngradeResponse {
  const { clusterVersion = "" } = server.membership;
  return DowngradeResponse.create({
    header: ResponseHeader.create({
      clusterId: server.clusterId,
      memberId: server.memberId,
      revision: server.store.currentRevision,
      raftTerm: server.term,
    }),
    version: clusterVersion.split(".").slice(0, 2).join("."),
  });
}
