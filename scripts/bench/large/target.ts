import { median } from "../statistics.ts";

/** What detcd's figure has to keep to; all figures of the large suite are better small. */
export interface Target {
  /** The limit as a multiple of etcd's figure. */
  readonly timesEtcd?: number;
  /** The limit in the row's own unit. */
  readonly atMost?: number;
}

/** The target as the table shows it. */
export function targetText(target: Target | undefined, unit: string): string {
  const limits: string[] = [];
  if (target?.atMost !== undefined) limits.push(`<= ${target.atMost} ${unit}`);
  if (target?.timesEtcd !== undefined) limits.push(`<= ${target.timesEtcd}x`);
  return limits.length === 0 ? "-" : limits.join(" and ");
}

/** Whether the medians keep to the target; "-" where that cannot be said. */
export function verdict(
  target: Target | undefined,
  etcd: readonly number[],
  detcd: readonly number[],
): string {
  const figure = median(detcd);
  if (target === undefined || Number.isNaN(figure)) return "-";
  if (target.atMost !== undefined && figure > target.atMost) return "no";
  if (target.timesEtcd === undefined) return "yes";
  const limit = target.timesEtcd * median(etcd);
  if (Number.isNaN(limit)) return "-";
  return figure <= limit ? "yes" : "no";
}
