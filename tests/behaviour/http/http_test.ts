import assert from "node:assert/strict";
import { AlarmAction, AlarmType } from "../../../src/pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { exchange, httpRequest } from "../../harness/http1.ts";
import { headerOf, put, range } from "../../harness/kv_calls.ts";

/** The value of a metric without labels, or the sum over its labels. */
function metric(text: string, name: string): number {
  const lines = text.split("\n").filter((line) => line.split(/[ {]/)[0] === name);
  assert.ok(lines.length > 0, `no metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

const PUT_LABELS = 'grpc_code="OK",grpc_method="Put",grpc_service="etcdserverpb.KV",' +
  'grpc_type="unary"';

/** The labels of a line in the order of their names; the order they are written in is free. */
function labelsOf(line: string): string {
  const inside = line.slice(line.indexOf("{") + 1, line.indexOf("}"));
  return inside.split(",").toSorted().join(",");
}

describeBothTargets("http", (test) => {
  test("/health says true", async ({ server }) => {
    const { status, body } = await httpRequest(server.clientPort, "/health");
    assert.equal(status, 200);
    assert.equal(JSON.parse(body).health, "true");
  });

  test("/health fails while an alarm is on", async ({ client, server, prefix }) => {
    const { memberId } = headerOf(await range(client, prefix));
    const alarm = { memberId, alarm: AlarmType.NOSPACE };
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.ACTIVATE, ...alarm });
    const { status, body } = await httpRequest(server.clientPort, "/health");
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.DEACTIVATE, ...alarm });
    assert.equal(status, 503);
    assert.equal(JSON.parse(body).health, "false");
    assert.equal((await httpRequest(server.clientPort, "/health")).status, 200);
  });

  test("/health takes nothing but GET", async ({ server }) => {
    const { status, headers } = await httpRequest(server.clientPort, "/health", "POST", "{}");
    assert.deepEqual([status, headers.get("allow")], [405, "GET"]);
  });

  test("/version names the server and the cluster version", async ({ server }) => {
    const { status, headers, body } = await httpRequest(server.clientPort, "/version");
    assert.deepEqual([status, headers.get("content-type")], [200, "application/json"]);
    const versions = JSON.parse(body);
    assert.match(versions.etcdserver, /^3\.\d+\.\d+/);
    assert.match(versions.etcdcluster, /^3\.\d+\.\d+$/);
  });

  test("/metrics counts what the server does", async ({ client, server, prefix }) => {
    const read = async (): Promise<string> =>
      (await httpRequest(server.clientPort, "/metrics")).body;
    const before = await read();
    for (let i = 0; i < 10; i++) await put(client, `${prefix}a`, "1");
    for (let i = 0; i < 5; i++) await range(client, `${prefix}a`);
    const after = await read();
    const grown = (name: string): number => metric(after, name) - metric(before, name);
    assert.equal(grown("etcd_mvcc_put_total"), 10);
    assert.ok(grown("etcd_mvcc_range_total") >= 5);
    assert.ok(grown("etcd_server_proposals_applied_total") >= 10);
    assert.ok(grown("etcd_server_proposals_committed_total") >= 10);
    assert.ok(grown("etcd_disk_wal_fsync_duration_seconds_count") >= 10);
    assert.equal(metric(after, "etcd_server_has_leader"), 1);
    assert.equal(metric(after, "etcd_server_is_leader"), 1);
    assert.ok(metric(after, "process_resident_memory_bytes") > 1e6);
    assert.ok(metric(after, "etcd_mvcc_db_total_size_in_bytes") > 0);
  });

  test("/metrics is Prometheus text with help and types", async ({ server }) => {
    const { status, headers, body } = await httpRequest(server.clientPort, "/metrics");
    assert.equal(status, 200);
    assert.match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(body, /^# HELP etcd_server_has_leader .+$/m);
    assert.match(body, /^# TYPE etcd_server_has_leader gauge$/m);
    assert.match(body, /^# TYPE etcd_disk_wal_fsync_duration_seconds histogram$/m);
    assert.match(body, /^etcd_disk_wal_fsync_duration_seconds_bucket\{le="0\.001"\} \d+$/m);
  });

  test("gRPC calls are counted by service, method and code", async ({ client, server, prefix }) => {
    await put(client, `${prefix}a`, "1");
    const { body } = await httpRequest(server.clientPort, "/metrics");
    const line = body.split("\n").find((each) => {
      return each.startsWith("grpc_server_handled_total{") && labelsOf(each) === PUT_LABELS;
    });
    assert.ok(Number(line?.split(" ").at(-1)) >= 1, `counted as: ${line}`);
  });

  test("a path that is not there is 404", async ({ server }) => {
    assert.equal((await httpRequest(server.clientPort, "/no/such/path")).status, 404);
  });

  test("several requests go over one connection", async ({ server }) => {
    const host = `Host: 127.0.0.1:${server.clientPort}\r\n`;
    const answer = await exchange(
      server.clientPort,
      `GET /version HTTP/1.1\r\n${host}\r\n` +
        `GET /version HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    );
    assert.equal(answer.split("HTTP/1.1 200 OK").length - 1, 2);
  });

  test("what is not HTTP at all costs only its own connection", async ({ client, server, prefix }) => {
    const noise = [
      "\x00\x01\x02\x03\r\n\r\n",
      "GET\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ];
    for (const bytes of noise) {
      // What is no request may be answered with an error or with silence.
      await exchange(server.clientPort, bytes, 300).catch(() => "");
    }
    await put(client, `${prefix}a`, "1");
    assert.equal((await httpRequest(server.clientPort, "/health")).status, 200);
  });
});
