/** Words of PromQL that stand where names of metrics do. */
const KEYWORDS = new Set(["by", "without", "and", "or", "unless", "bool", "on", "ignoring", "le"]);

/** Prometheus makes these itself. */
const PROMETHEUS_OWN = new Set(["up", "ALERTS"]);

/**
 * The names of the metrics that an expression reads. Labels, functions, durations and what stands in
 * quotes are no names.
 */
export function metricNames(expression: string): Set<string> {
  const bare = expression
    .replaceAll(/"[^"]*"/g, "")
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, "");
  const names = new Set<string>();
  for (const [, name] of bare.matchAll(/\b([a-zA-Z_:][a-zA-Z0-9_:]*)\b(?!\s*\()/g)) {
    if (!KEYWORDS.has(name) && !PROMETHEUS_OWN.has(name)) names.add(name);
  }
  return names;
}

/** The metric's family: a histogram is read by the names of its parts. */
export function familyName(name: string): string {
  return name.replace(/_(?:bucket|sum|count)$/, "");
}
