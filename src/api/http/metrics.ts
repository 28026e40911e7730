import type { Registry } from "../../deps/prom_client.ts";
import type { MetricsSource } from "../metrics/metrics_source.ts";
import { acceptsGzip, gzip } from "./gzip.ts";
import { type HttpHandler, type HttpResponse, textResponse } from "./http_message.ts";

/** etcd's own, down to how names are written that are not plain. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/**
 * /metrics: everything about a server in Prometheus' text format, whatever the method, as in etcd.
 * The library that writes it takes several megabytes, so it is loaded for the first scrape.
 */
export function metricsHandler(source: MetricsSource): HttpHandler {
  const { scrapes } = source;
  let registry: Promise<Registry> | undefined;
  return async ({ headers }) => {
    scrapes.inFlight++;
    try {
      registry ??= loadRegistry(source);
      const text = await (await registry).metrics();
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

async function loadRegistry(source: MetricsSource): Promise<Registry> {
  const { newRegistry } = await import("../metrics/registry.ts");
  return newRegistry(source);
}

function plain(text: string): HttpResponse {
  return { status: 200, headers: { "content-type": CONTENT_TYPE }, body: text };
}

/** Prometheus asks for it: a scrape of a hundred kilobytes is a few thousand bytes then. */
async function zipped(text: string): Promise<HttpResponse> {
  const { status, headers } = plain(text);
  return { status, headers: { ...headers, "content-encoding": "gzip" }, body: await gzip(text) };
}
