import type { MetricsSource } from "../metrics/metrics_source.ts";
import { acceptsGzip, gzip } from "./gzip.ts";
import { type HttpHandler, type HttpResponse, textResponse } from "./http_message.ts";

/** Gives the text of all metrics. */
type Printer = () => Promise<string>;

/** etcd's own, down to how names are written that are not plain. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/**
 * /metrics: everything about a server in Prometheus' text format, whatever the method, as in etcd.
 * The library that writes it takes several megabytes, so it is loaded for the first scrape.
 */
export function metricsHandler(source: MetricsSource): HttpHandler {
  const { scrapes } = source;
  let printer: Promise<Printer> | undefined;
  return async ({ headers }) => {
    scrapes.inFlight++;
    try {
      printer ??= loadPrinter(source);
      const text = await (await printer)();
      scrapes.succeeded++;
      return acceptsGzip(headers.get("accept-encoding")) ? await zipped(text) : plain(text);
    } catch (error) {
      scrapes.failed++;
      const what = error instanceof Error ? error.message : String(error);
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

function plain(text: string): HttpResponse {
  return { status: 200, headers: { "content-type": CONTENT_TYPE }, body: text };
}

/** Prometheus asks for it: a scrape of a hundred kilobytes is a few thousand bytes then. */
async function zipped(text: string): Promise<HttpResponse> {
  const { status, headers } = plain(text);
  return { status, headers: { ...headers, "content-encoding": "gzip" }, body: await gzip(text) };
}
