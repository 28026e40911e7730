import assert from "node:assert/strict";
import { AlarmAction, AlarmType, HashKVRequest } from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { GrpcClient } from "../../harness/grpc_client.ts";
import { httpRequest } from "../../harness/http1.ts";
import {
  deleteRange,
  headerOf,
  put,
  range,
  rangeOp,
  revisionOf,
  txn,
} from "../../harness/kv_calls.ts";
import {
  parsePrometheusText,
  type PrintedFamily,
  type PrintedSample,
} from "../../harness/prometheus_text.ts";
import { freePorts, ServerProcess } from "../../harness/server_process.ts";
import { type TargetName, whyMissing } from "../../harness/targets.ts";
import { WatchClient } from "../../harness/watch_calls.ts";

/** Lets a server do a bit of everything that it counts. */
async function exercise(server: ServerProcess): Promise<void> {
  const client = new GrpcClient(server.endpoint);
  const version = { metadata: { "client-api-version": "3.7" } };
  try {
    const watch = new WatchClient(client);
    await watch.create("a");
    const { memberId } = headerOf(await put(client, "a", "1"));
    await watch.events(1);
    watch.cancel(0n);
    await watch.next();
    watch.stream.cancel();
    await range(client, "a");
    await assert.rejects(range(client, "a", { revision: 100 }));
    await client.call(KV_SERVICE.range, { key: "a" }, version);
    await txn(client, { success: [rangeOp("a"), rangeOp("b")] });
    await assert.rejects(put(client, "a", "1", { lease: 5n }));
    const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 100 });
    const keepAlive = client.open(LEASE_SERVICE.leaseKeepAlive);
    keepAlive.send({ id });
    await keepAlive.next();
    keepAlive.cancel();
    await client.call(LEASE_SERVICE.leaseRevoke, { id });
    const revision = revisionOf(await deleteRange(client, "a"));
    await client.call(KV_SERVICE.compact, { revision, physical: true });
    await client.call(MAINTENANCE_SERVICE.defragment, {});
    await client.call(MAINTENANCE_SERVICE.hash, {});
    await client.call(MAINTENANCE_SERVICE.hashKv, HashKVRequest.create());
    const alarm = { memberId, alarm: AlarmType.NOSPACE };
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.ACTIVATE, ...alarm });
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.DEACTIVATE, ...alarm });
    for (const path of ["/health", "/livez", "/readyz"]) {
      await httpRequest(server.clientPort, path);
    }
  } finally {
    await client.close();
  }
}

/** What a server prints once it was exercised, on its client port and on its metrics port. */
async function printedBy(target: TargetName, flags: readonly string[]) {
  const [metricsPort] = await freePorts(1);
  const listen = `--listen-metrics-urls=http://127.0.0.1:${metricsPort}`;
  const server = await ServerProcess.start(target, { flags: [listen, ...flags] });
  try {
    await exercise(server);
    const onClientPort = await httpRequest(server.clientPort, "/metrics");
    const onMetricsPort = await httpRequest(metricsPort, "/metrics");
    return {
      contentType: onClientPort.headers.get("content-type"),
      families: withoutGo(parsePrometheusText(onClientPort.body)),
      metricsPortNames: [...withoutGo(parsePrometheusText(onMetricsPort.body)).keys()].sort(),
    };
  } finally {
    await server.dispose();
  }
}

/** What Go's runtime tells of itself alone has no counterpart. */
function withoutGo(families: Map<string, PrintedFamily>): Map<string, PrintedFamily> {
  return new Map([...families].filter(([name]) => !name.startsWith("go_")));
}

/** Labels whose values are of one server alone, or that only one of the two programs can have. */
const OWN_LABELS = new Set(["server_id", "Local", "Remote", "server_go_version"]);

/** What tells a line from others: its name and its labels, without the values of `OWN_LABELS`. */
function lineKey({ name, labels }: PrintedSample): string {
  const parts = Array.from(
    labels,
    ([label, value]) => OWN_LABELS.has(label) ? label : `${label}="${value}"`,
  );
  return `${name}{${parts.sort().join(",")}}`;
}

/** Everything that `right` prints and `other` does not, or prints otherwise. */
function differences(
  right: ReadonlyMap<string, PrintedFamily>,
  other: ReadonlyMap<string, PrintedFamily>,
): string[] {
  const found: string[] = [];
  const methods = methodsOf(other);
  for (const [name, family] of right) {
    const same = other.get(name);
    if (same === undefined) {
      found.push(`${name} is missing`);
      continue;
    }
    if (same.type !== family.type) found.push(`${name} is a ${same.type}, not a ${family.type}`);
    // Which methods are registered is no business of the metrics.
    const samples = family.samples.filter(({ labels }) => {
      const method = labels.get("grpc_method");
      return method === undefined || methods.has(method);
    });
    const present = new Set(same.samples.map(lineKey));
    for (const line of new Set(samples.map(lineKey))) {
      if (!present.has(line)) found.push(`missing line ${line}`);
    }
  }
  return found;
}

function methodsOf(families: ReadonlyMap<string, PrintedFamily>): Set<string | undefined> {
  const samples = families.get("grpc_server_started_total")?.samples ?? [];
  return new Set(samples.map(({ labels }) => labels.get("grpc_method")));
}

/** Compares what both print; a target that is not here leaves an ignored test that says so. */
function compareWith(
  right: TargetName,
  what: string,
  flags: { readonly both?: readonly string[]; readonly detcd?: readonly string[] },
): void {
  const reason = whyMissing(right) ?? whyMissing("detcd");
  const name = `/metrics has every metric of ${right} ${what}, with its lines and buckets`;
  if (reason !== undefined) {
    Deno.test({ name: `${name} - not run: ${reason}`, ignore: true, fn() {} });
    return;
  }
  Deno.test(name, async () => {
    const both = flags.both ?? [];
    const [etcd, detcd] = await Promise.all([
      printedBy(right, both),
      printedBy("detcd", [...both, ...flags.detcd ?? []]),
    ]);
    assert.deepEqual(differences(etcd.families, detcd.families), []);
    assert.deepEqual(detcd.metricsPortNames, [...detcd.families.keys()].sort());
    if (right === "etcd-3.7") assert.equal(detcd.contentType, etcd.contentType);
  });
}

compareWith("etcd-3.7", "as it is", {});
compareWith("etcd-3.7", "at --metrics extensive", { both: ["--metrics=extensive"] });
compareWith("etcd", "at --compat-version 3.4", { detcd: ["--compat-version=3.4"] });
