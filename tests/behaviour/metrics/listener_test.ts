import assert from "node:assert/strict";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { GrpcClient } from "../../harness/grpc_client.ts";
import { httpRequest } from "../../harness/http1.ts";
import { freePorts, ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES, type TargetName, whyMissing } from "../../harness/targets.ts";

/** Runs a test on each server with a metrics listener of its own. */
function describeListener(name: string, body: (port: number) => Promise<void>): void {
  for (const target of NEWER_TARGET_NAMES) {
    const reason = whyMissing(target);
    const fullName = `metrics listener [${target}] ${name}`;
    if (reason === undefined) Deno.test(fullName, () => withListener(target, body));
    else Deno.test({ name: `${fullName} - not run: ${reason}`, ignore: true, fn() {} });
  }
}

async function withListener(
  target: TargetName,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const [port] = await freePorts(1);
  const flags = [
    `--listen-metrics-urls=http://127.0.0.1:${port}`,
    "--enable-pprof",
    "--host-whitelist=good.example,127.0.0.1",
  ];
  const server = await ServerProcess.start(target, { flags });
  try {
    await body(port);
  } finally {
    await server.dispose();
  }
}

describeListener("serves metrics and health", async (port) => {
  for (
    const path of ["/metrics", "/health", "/livez", "/readyz", "/readyz/non_learner?verbose"]
  ) {
    const { status, headers } = await httpRequest(port, path);
    assert.equal(status, 200, path);
    assert.equal(headers.get("access-control-allow-origin"), undefined, path);
  }
});

describeListener("serves nothing else", async (port) => {
  for (
    const path of [
      ...["/version", "/debug/vars", "/debug/pprof/", "/v3/kv/range", "/", "/nope"],
      "/debug/pprof/profile",
    ]
  ) {
    const { status, body } = await httpRequest(port, path);
    assert.deepEqual([status, body], [404, "404 page not found\n"], path);
  }
  for (const method of ["POST", "OPTIONS"]) {
    const { status, headers } = await httpRequest(port, "/health", method);
    assert.deepEqual([status, headers.get("allow")], [405, "GET"], method);
  }
});

describeListener("answers for any host", async (port) => {
  const { status } = await httpRequest(port, "/health", "GET", "", { Host: "bad.example" });
  assert.equal(status, 200);
});

describeListener("speaks no gRPC", async (port) => {
  const client = new GrpcClient(`127.0.0.1:${port}`);
  try {
    await assert.rejects(client.call(KV_SERVICE.range, { key: "a" }, { deadlineMs: 1000 }));
  } finally {
    await client.close();
  }
});
