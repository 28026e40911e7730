import assert from "node:assert/strict";
import { KV_SERVICE, LEASE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { NEWER_TARGET_NAMES, whyMissing } from "../harness/targets.ts";
import { Collector } from "./collector.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

/** Traced by whoever called, whatever the sampling rate of the server is. */
const TRACED = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01` };

async function withTraces(
  target: (typeof NEWER_TARGET_NAMES)[number],
  samplingRate: number,
  use: (client: GrpcClient, server: ServerProcess) => Promise<void>,
  check: (collector: Collector) => void,
): Promise<void> {
  await using collector = await Collector.start();
  const server = await ServerProcess.start(target, {
    flags: [
      "--enable-distributed-tracing",
      `--distributed-tracing-address=${collector.address}`,
      "--distributed-tracing-service-name=shop",
      "--distributed-tracing-instance-id=shop-1",
      `--distributed-tracing-sampling-rate=${samplingRate}`,
    ],
  });
  try {
    const client = new GrpcClient(server.endpoint);
    try {
      await use(client, server);
    } finally {
      await client.close();
    }
    // What has not been sent is sent when the server ends.
    await server.stop();
    check(collector);
  } finally {
    await server.dispose();
  }
}

for (const target of NEWER_TARGET_NAMES) {
  const missing = whyMissing(target);
  const ignore = missing !== undefined;
  const title = ignore ? `[${target}] not run: ${missing}` : `[${target}]`;

  Deno.test({
    name: `Tracing ${title} sends a span of a call, as a part of the caller's trace`,
    ignore,
    async fn() {
      await withTraces(target, 0, async (client) => {
        await client.call(KV_SERVICE.range, { key: "k" });
        await client.call(KV_SERVICE.range, { key: "k" }, { metadata: TRACED });
      }, (collector) => {
        const span = collector.span("etcdserverpb.KV/Range");
        assert.equal(span.traceId, TRACE_ID);
        assert.equal(span.parentSpanId, SPAN_ID);
        assert.equal(span.kind, 2);
        assert.equal(span.statusCode, 0);
        assert.equal(span.resource["service.name"], "shop");
        assert.equal(span.resource["service.instance.id"], "shop-1");
        const { "server.port": port, ...attributes } = span.attributes;
        assert.match(port, /^\d+$/);
        assert.deepEqual(attributes, {
          "rpc.system.name": "grpc",
          "rpc.method": "etcdserverpb.KV/Range",
          "rpc.response.status_code": "OK",
          "server.address": "127.0.0.1",
        });
        // A rate of 0 traces nothing but what callers trace.
        const ours = collector.spans.filter(({ name }) => name === "etcdserverpb.KV/Range");
        assert.equal(ours.length, 1);
      });
    },
  });

  Deno.test({
    name: `Tracing ${title} tells how a call ended`,
    ignore,
    async fn() {
      await withTraces(target, 1_000_000, async (client) => {
        await client.call(LEASE_SERVICE.leaseRevoke, { id: 12345n }).catch(() => {});
      }, (collector) => {
        const span = collector.span("etcdserverpb.Lease/LeaseRevoke");
        assert.equal(span.attributes["rpc.response.status_code"], "NOT_FOUND");
        // The caller's mistake is no error of the server.
        assert.equal(span.statusCode, 0);
        assert.equal(span.parentSpanId, "");
      });
    },
  });

  Deno.test({
    name: `Tracing ${title} sends a span of a call that came through the JSON gateway`,
    ignore,
    async fn() {
      await withTraces(target, 1_000_000, async (_, { clientUrl }) => {
        const body = JSON.stringify({ key: btoa("k") });
        const response = await fetch(`${clientUrl}/v3/kv/put`, { method: "POST", body });
        assert.equal(response.status, 200, await response.text());
      }, (collector) => {
        const span = collector.span("etcdserverpb.KV/Put");
        assert.equal(span.kind, 2);
        assert.equal(span.attributes["rpc.response.status_code"], "OK");
      });
    },
  });
}
