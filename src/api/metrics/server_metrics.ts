import { alarmTypeName } from "../../core/alarms/alarms.ts";
import { formatId } from "../../core/members/member_id.ts";
import { NO_MEMBER } from "../../core/raft/raft_node.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { counter, counters, gauge, gauges, type Labels, type MetricFamily } from "./family.ts";

/** What one member is and does, apart from what it stores. */
export function serverMetrics(server: EtcdServer): MetricFamily[] {
  return [...leadershipMetrics(server), ...proposalMetrics(server), ...memberMetrics(server)];
}

function leadershipMetrics(server: EtcdServer): MetricFamily[] {
  return [
    gauge(
      "etcd_server_has_leader",
      "Whether a leader is known: 1 yes, 0 no.",
      () => Number(server.leader !== NO_MEMBER),
    ),
    gauge(
      "etcd_server_is_leader",
      "Whether this member leads: 1 yes, 0 no.",
      () => Number(server.leads),
    ),
    gauge(
      "etcd_server_is_learner",
      "Whether this member is a learner: 1 yes, 0 no.",
      () => Number(server.isLearner),
    ),
    counter(
      "etcd_server_leader_changes_seen_total",
      "Changes of the leader that this member has seen.",
      () => server.counts.leaderChanges,
    ),
  ];
}

function proposalMetrics(server: EtcdServer): MetricFamily[] {
  return [
    gauge(
      "etcd_server_proposals_committed_total",
      "The index of the last committed entry.",
      () => server.committedIndex,
    ),
    gauge(
      "etcd_server_proposals_applied_total",
      "The index of the last applied entry.",
      () => server.appliedIndex,
    ),
    gauge(
      "etcd_server_proposals_pending",
      "Proposals of this member that wait to be applied.",
      () => server.pendingProposalCount,
    ),
    counter(
      "etcd_server_proposals_failed_total",
      "Proposals of this member that were given up.",
      () => server.counts.failedProposals,
    ),
    counter(
      "etcd_server_slow_apply_total",
      "Groups of entries that took longer to apply than --warning-apply-duration.",
      () => server.counts.slowApplies,
    ),
    counter(
      "etcd_server_slow_read_indexes_total",
      "Linearizable reads given up because their confirmation did not come in time.",
      () => server.slowReadCount,
    ),
    gauge(
      "etcd_server_quota_backend_bytes",
      "The bound on the bytes that the store may take; negative when there is none.",
      () => server.quota.quotaBytes,
    ),
  ];
}

function memberMetrics(server: EtcdServer): MetricFamily[] {
  return [
    gauges(
      "etcd_network_known_peers",
      "1 for each member of the cluster that this one knows, itself included.",
      () => server.membership.list().map(({ id }) => [knownPeer(server, id), 1]),
    ),
    counters(
      "etcd_network_server_stream_failures_total",
      "Streams that ended because what came from their client could not be read.",
      () =>
        Array.from(server.counts.streamFailures.receives, ([API, count]) => [
          { API, Type: "receive" },
          count,
        ]),
    ),
    alarmMetric(server),
  ];
}

function knownPeer(server: EtcdServer, id: bigint): Labels {
  return { Local: formatId(server.memberId), Remote: formatId(id) };
}

/** As in etcd an alarm that was put out stays as 0, so that its end is seen. */
function alarmMetric({ alarms }: EtcdServer): MetricFamily {
  return gauges(
    "etcd_debugging_server_alarms",
    "1 for each alarm that a member has raised, 0 once it is put out.",
    () =>
      alarms.listEverActive().map(({ memberId, alarm }) => [
        { alarm_type: alarmTypeName(alarm), server_id: formatId(memberId) },
        Number(alarms.has(memberId, alarm)),
      ]),
  );
}
