import { messageOf } from "../../base/error_message.ts";
import { LoadedOnce } from "../../base/loaded_once.ts";
import { SharedRun } from "../../base/shared_run.ts";
import type { MetricsSource } from "../metrics/metrics_source.ts";
import type { ScrapeCounts } from "../metrics/scrape_counts.ts";
import { acceptsGzip, gzip } from "./gzip.ts";
import { type HttpHandler, type HttpResponse, textResponse } from "./http_message.ts";
import { HTTP_LIMITS } from "./limits.ts";

/** Gives the text of all metrics. */
type Printer = () => Promise<string>;

/** etcd's own, down to how names are written that are not plain. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/** What one run of the printer has made. */
interface Printed {
  readonly text: string;
  /** Once somebody has asked for it. */
  zipped?: Promise<Uint8Array>;
}

const BUSY = textResponse(
  503,
  `Limit of concurrent requests reached (${HTTP_LIMITS.waitingScrapes}), try again later.\n`,
);

/**
 * /metrics: everything about a server in Prometheus' text format, whatever the method, as in etcd.
 * The library that writes it takes several megabytes, so it is loaded for the first scrape.
 */
export function metricsHandler(source: MetricsSource): HttpHandler {
  const printer = new LoadedOnce(() => loadPrinter(source));
  return scrapeHandler(source.scrapes, async () => await (await printer.get())());
}

/** Answers scrapes by a printer. It takes some milliseconds, so those who come at once share it. */
export function scrapeHandler(scrapes: ScrapeCounts, print: Printer): HttpHandler {
  const printing = new SharedRun<Printed>(async () => ({ text: await print() }));
  return async ({ headers }) => {
    if (scrapes.inFlight >= HTTP_LIMITS.waitingScrapes) {
      scrapes.refused++;
      return BUSY;
    }
    scrapes.inFlight++;
    try {
      const printed = await printing.result();
      const body = acceptsGzip(headers.get("accept-encoding")) ? await zipped(printed) : undefined;
      scrapes.succeeded++;
      return answer(printed.text, body);
    } catch (error) {
      scrapes.failed++;
      const what = messageOf(error);
      return textResponse(500, `An error has occurred while serving metrics:\n\n${what}\n`);
    } finally {
      scrapes.inFlight--;
    }
  };
}

async function loadPrinter(source: MetricsSource): Promise<Printer> {
  const [{ newRegistry }, { printMetrics }] = await Promise.all([
    import("../metrics/registry.ts"),
    import("../metrics/printed_metrics.ts"),
  ]);
  const registry = newRegistry(source);
  return () => printMetrics(registry, source.server.config.clock);
}

/** Prometheus asks for it: a scrape of a hundred kilobytes is a few thousand bytes then. */
function zipped(printed: Printed): Promise<Uint8Array> {
  printed.zipped ??= gzip(printed.text);
  return printed.zipped;
}

function answer(text: string, zipped: Uint8Array | undefined): HttpResponse {
  const headers = { "content-type": CONTENT_TYPE };
  if (zipped === undefined) return { status: 200, headers, body: text };
  return { status: 200, headers: { ...headers, "content-encoding": "gzip" }, body: zipped };
}
