import {
  getOnly,
  type HttpHandler,
  type HttpResponse,
  jsonResponse,
  textResponse,
} from "../../api/http/http_message.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { ClientTls } from "../../embed/client/transport/grpc_channel.ts";
import { RangeRequest, WatchCreateRequest, WatchRequest } from "../../pb/etcdserverpb.ts";
import { KV_SERVICE, WATCH_SERVICE } from "../../pb/services.ts";
import { fetchPage } from "../ctl/http_text.ts";
import type { Leasing } from "./leasing/leasing.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import type { RangeCache } from "./range_cache.ts";
import { statusOf, type Upstream } from "./upstream.ts";
import type { ProxyWatchHub } from "./watch_hub.ts";

/** Any key; whether it is there does not matter. */
const PROBED_KEY = "a";

/** What the HTTP pages tell about. */
interface ProxySource {
  readonly upstream: Upstream;
  readonly cache: RangeCache;
  readonly hub: ProxyWatchHub;
  readonly leasing: Leasing | undefined;
  /** How the servers are spoken to where they speak TLS. */
  readonly tls: ClientTls | undefined;
}

/** The pages of a proxy: its own health and numbers, and those of the servers behind it. */
export function proxyRoutes(source: ProxySource): Map<string, HttpHandler> {
  return new Map([
    ["/health", getOnly(async () => healthResponse(await readFailure(source)))],
    [
      "/proxy/health",
      getOnly(async () => healthResponse(await readFailure(source) ?? await watchFailure(source))),
    ],
    ["/metrics", getOnly(() => serverMetrics(source))],
    ["/proxy/metrics", getOnly(() => proxyMetrics(source))],
  ]);
}

function healthResponse(reason: string | undefined): HttpResponse {
  if (reason === undefined) return jsonResponse(200, '{"health":"true","reason":""}');
  return textResponse(503, JSON.stringify({ health: "false", reason }) + "\n");
}

async function readFailure({ upstream }: ProxySource): Promise<string | undefined> {
  const request = RangeRequest.encode(RangeRequest.create({ key: PROBED_KEY }));
  try {
    const { path } = KV_SERVICE.range;
    await upstream.unary(path, request, undefined, GRPC_PROXY_LIMITS.healthReadMs);
    return undefined;
  } catch (error) {
    const { code, details } = statusOf(error);
    return code === GrpcCode.PermissionDenied ? undefined : `GET ERROR:${details}`;
  }
}

function watchFailure({ upstream }: ProxySource): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve("WATCH TIMEOUT"), GRPC_PROXY_LIMITS.healthWatchMs);
  const stream = upstream.stream(WATCH_SERVICE.watch.path, undefined, {
    message: () => resolve(undefined),
    closed: (_code, details) => resolve(`WATCH ERROR:${details}`),
  });
  const createRequest = WatchCreateRequest.create({ key: PROBED_KEY });
  stream.send(WatchRequest.encode(WatchRequest.create({ createRequest })));
  return promise.finally(() => {
    clearTimeout(timer);
    stream.cancel();
  });
}

/** The metrics of the first server that tells them. */
async function serverMetrics({ upstream, tls }: ProxySource): Promise<HttpResponse> {
  for (const endpoint of upstream.endpoints) {
    try {
      const { status, text } = await fetchPage(new URL("/metrics", endpoint).href, tls);
      return textResponse(status, text);
    } catch {
      // Another one may answer.
    }
  }
  return textResponse(503, "no server behind the proxy answers\n");
}

/** The library that writes metrics takes several megabytes, so it is loaded for the first scrape. */
async function proxyMetrics({ cache, hub, leasing }: ProxySource): Promise<HttpResponse> {
  const { Registry } = await import("../../deps/prom_client.ts");
  const { counter, gauge, registerFamilies } = await import("../../api/metrics/family.ts");
  const { processMetrics } = await import("../../api/metrics/process_metrics.ts");
  const registry = new Registry();
  registerFamilies(registry, [
    gauge(
      "etcd_grpc_proxy_watchers_coalescing_total",
      "Watches of clients that share another one's at the servers.",
      () => hub.coalescedWatcherCount,
    ),
    counter(
      "etcd_grpc_proxy_events_coalescing_total",
      "Events that came once for several watches.",
      () => hub.coalescedEventCount,
    ),
    gauge("etcd_grpc_proxy_cache_keys_total", "Cached answers.", () => cache.size),
    gauge("etcd_grpc_proxy_cache_hits_total", "Reads that the cache answered.", () => cache.hits),
    gauge("etcd_grpc_proxy_cache_misses_total", "Reads that it could not.", () => cache.misses),
    gauge(
      "detcd_grpc_proxy_leased_keys",
      "Keys that this proxy owns, with --experimental-leasing-prefix.",
      () => leasing?.ownedKeyCount ?? 0,
    ),
    gauge(
      "detcd_grpc_proxy_leased_bytes",
      "Bytes that are kept of those keys.",
      () => leasing?.cachedBytes ?? 0,
    ),
    counter(
      "detcd_grpc_proxy_leased_answers_total",
      "Reads that were answered by them, without the servers.",
      () => leasing?.answerCount ?? 0,
    ),
    ...processMetrics(),
  ]);
  return textResponse(200, await registry.metrics());
}
