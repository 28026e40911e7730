import type { HealthCounts } from "../http/health_counts.ts";
import { counter, counters, gauges, type LabelledValues, type MetricFamily } from "./family.ts";

/** What was asked about health, and what the answers were. */
export function healthMetrics(health: HealthCounts): MetricFamily[] {
  return [
    counter("etcd_server_health_success", "Times that /health said yes.", () => health.success),
    counter("etcd_server_health_failures", "Times that /health said no.", () => health.failures),
    gauges(
      "etcd_server_healthcheck",
      "What a check of /livez or /readyz said last: 1 yes, 0 no.",
      () => lastResults(health),
    ),
    counters(
      "etcd_server_healthchecks_total",
      "Times that a check of /livez or /readyz was made, by what it said.",
      () => checkTotals(health),
    ),
  ];
}

function* lastResults({ checks }: HealthCounts): LabelledValues {
  for (const { name, type, lastIsGood } of checks) yield [{ name, type }, Number(lastIsGood)];
}

/** As in etcd there is no line for what was never said. */
function* checkTotals({ checks }: HealthCounts): LabelledValues {
  for (const { name, type, goodCount, badCount } of checks) {
    if (badCount > 0) yield [{ name, status: "error", type }, badCount];
    if (goodCount > 0) yield [{ name, status: "success", type }, goodCount];
  }
}
