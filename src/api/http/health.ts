import { alarmTypeName } from "../../core/alarms/alarms.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import { AlarmType, RangeRequest } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { getOnly, type HttpHandler, jsonResponse, textResponse } from "./http_message.ts";

/** How often /health was asked and what it said, for the metrics. */
export interface HealthCounts {
  success: number;
  failures: number;
}

/**
 * GET /health: whether there is no alarm but those that `exclude` names, and a read through the
 * log's confirmation works, or with `serializable=true` a local one does.
 */
export function healthHandler(server: EtcdServer, counts: HealthCounts): HttpHandler {
  return getOnly(async ({ query }) => {
    const serializable = query.get("serializable") === "true";
    const reason = alarmReason(server, query.getAll("exclude")) ??
      await unhealthyReason(server, serializable);
    if (reason === undefined) {
      counts.success++;
      return jsonResponse(200, '{"health":"true","reason":""}');
    }
    counts.failures++;
    return textResponse(503, JSON.stringify({ health: "false", reason }) + "\n");
  });
}

function alarmReason(server: EtcdServer, excluded: readonly string[]): string | undefined {
  const alarm = server.alarms.list().find(({ alarm }) => !excluded.includes(alarmTypeName(alarm)));
  if (alarm === undefined) return undefined;
  const isKnown = alarm.alarm === AlarmType.NOSPACE || alarm.alarm === AlarmType.CORRUPT;
  return `ALARM ${isKnown ? alarmTypeName(alarm.alarm) : "UNKNOWN"}`;
}

async function unhealthyReason(
  server: EtcdServer,
  serializable: boolean,
): Promise<string | undefined> {
  if (!serializable && server.leader === NO_MEMBER) return "RAFT NO LEADER";
  try {
    if (!serializable) {
      await new Promise<void>((ready, failed) => server.whenReadable({ ready, failed }));
    }
    server.store.range(RangeRequest.create({ key: "a", limit: 1 }));
    return undefined;
  } catch (error) {
    return `RANGE ERROR:${error instanceof Error ? error.message : String(error)}`;
  }
}
