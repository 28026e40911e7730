import { messageOf } from "../../base/error_message.ts";
import { alarmTypeName } from "../../core/alarms/alarms.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import { AlarmType } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { HealthCounts } from "./health_counts.ts";
import { getOnly, type HttpHandler, type HttpResponse, textResponse } from "./http_message.ts";
import { probeRead } from "./probe_read.ts";

/** The last minor version of etcd 3 that gave no reason. */
const LAST_MINOR_WITHOUT_REASON = 4;

/**
 * GET /health: whether there is no alarm but those that `exclude` names, and a read through the
 * log's confirmation works, or with `serializable=true` a local one does.
 */
export function healthHandler(server: EtcdServer, counts: HealthCounts): HttpHandler {
  return getOnly(async ({ query }) => {
    const isSerializable = query.get("serializable") === "true";
    const reason = alarmReason(server, query.getAll("exclude")) ??
      await unhealthyReason(server, isSerializable);
    if (reason === undefined) {
      counts.success++;
      return healthResponse(server, "true", "");
    }
    counts.failures++;
    server.config.logger.warn("serving /health false", { reason });
    return healthResponse(server, "false", reason);
  });
}

/** As in etcd a good answer says less of itself than a bad one, and that one ends its line. */
function healthResponse(server: EtcdServer, health: string, reason: string): HttpResponse {
  const hasReason = server.config.compatVersion.minor > LAST_MINOR_WITHOUT_REASON;
  const json = JSON.stringify(hasReason ? { health, reason } : { health });
  if (health === "false") return textResponse(503, `${json}\n`);
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: json };
}

function alarmReason(server: EtcdServer, excluded: readonly string[]): string | undefined {
  const alarm = server.alarms.list().find(({ alarm }) => !excluded.includes(alarmTypeName(alarm)));
  if (alarm === undefined) return undefined;
  const isKnown = alarm.alarm === AlarmType.NOSPACE || alarm.alarm === AlarmType.CORRUPT;
  return `ALARM ${isKnown ? alarmTypeName(alarm.alarm) : "UNKNOWN"}`;
}

async function unhealthyReason(
  server: EtcdServer,
  isSerializable: boolean,
): Promise<string | undefined> {
  if (!isSerializable && server.leader === NO_MEMBER) return "RAFT NO LEADER";
  try {
    await probeRead(server, isSerializable);
    return undefined;
  } catch (error) {
    return `RANGE ERROR:${messageOf(error)}`;
  }
}
