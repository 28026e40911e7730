import { counters, gauge, type MetricFamily } from "./family.ts";
import type { ScrapeCounts } from "./scrape_counts.ts";

/** How often it was scraped, named as Prometheus' library for Go names it. */
export function scrapeMetrics(scrapes: ScrapeCounts): MetricFamily[] {
  return [
    gauge(
      "promhttp_metric_handler_requests_in_flight",
      "Scrapes that are being answered.",
      () => scrapes.inFlight,
    ),
    counters(
      "promhttp_metric_handler_requests_total",
      "Scrapes by the status they were answered with.",
      () => [
        [{ code: "200" }, scrapes.succeeded],
        [{ code: "500" }, scrapes.failed],
        [{ code: "503" }, scrapes.refused],
      ],
    ),
  ];
}
