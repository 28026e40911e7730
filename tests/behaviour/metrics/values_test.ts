import assert from "node:assert/strict";
import { AlarmAction, AlarmType } from "../../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets, type TestContext } from "../../harness/both_targets.ts";
import { exchange, httpRequest } from "../../harness/http1.ts";
import {
  deleteRange,
  headerOf,
  put,
  range,
  rangeOp,
  revisionOf,
  txn,
} from "../../harness/kv_calls.ts";
import { parsePrometheusText, sumOf } from "../../harness/prometheus_text.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";
import { WatchClient } from "../../harness/watch_calls.ts";

type Labels = Readonly<Record<string, string>>;

/** The values of metrics at one moment. */
type Scrape = (name: string, labels?: Labels) => number;

async function scrape({ server }: TestContext): Promise<Scrape> {
  const { body } = await httpRequest(server.clientPort, "/metrics");
  const families = parsePrometheusText(body);
  return (name, labels) => sumOf(families, name, labels);
}

/** By how much metrics grow while something is done. */
async function growth(context: TestContext, work: () => Promise<void>): Promise<Scrape> {
  const before = await scrape(context);
  await work();
  const after = await scrape(context);
  return (name, labels) => after(name, labels) - before(name, labels);
}

describeBothTargets("metrics move", (test) => {
  test("with puts", async (context) => {
    const { client, prefix } = context;
    const grown = await growth(context, async () => {
      for (let i = 0; i < 5; i++) await put(client, `${prefix}${i}`, "12345");
    });
    const bytes = 5 * (`${prefix}0`.length + "12345".length);
    assert.equal(grown("etcd_mvcc_put_total"), 5);
    assert.equal(grown("etcd_debugging_mvcc_keys_total"), 5);
    assert.equal(grown("etcd_debugging_mvcc_total_put_size_in_bytes"), bytes);
    assert.equal(grown("etcd_debugging_mvcc_current_revision"), 5);
    assert.equal(grown("etcd_server_proposals_applied_total"), 5);
    const put5 = { success: "true", type: "Put" };
    assert.equal(grown("etcd_server_request_duration_seconds_count", put5), 5);
    assert.ok(grown("etcd_server_request_duration_seconds_sum", put5) > 0);
    const applied = { op: "Put", success: "true", version: "v3" };
    assert.equal(grown("etcd_server_apply_duration_seconds_count", applied), 5);
    assert.ok(grown("etcd_server_apply_duration_seconds_sum", applied) > 0);
    assert.equal(grown("grpc_server_started_total", { grpc_method: "Put" }), 5);
    assert.equal(
      grown("grpc_server_handled_total", { grpc_method: "Put", grpc_code: "OK" }),
      5,
    );
    assert.ok(grown("etcd_network_client_grpc_received_bytes_total") >= bytes);
    assert.ok(grown("etcd_network_client_grpc_sent_bytes_total") > 0);
    assert.ok(grown("etcd_disk_wal_write_bytes_total") > bytes);
    assert.ok(grown("etcd_disk_wal_write_duration_seconds_count") > 0);
    assert.ok(grown("etcd_disk_wal_fsync_duration_seconds_count") >= 5);
  });

  test("with requests that are refused", async (context) => {
    const { client, prefix } = context;
    const grown = await growth(context, async () => {
      await assert.rejects(put(client, prefix, "1", { lease: 77n }));
      await assert.rejects(range(client, prefix, { revision: 1_000_000 }));
    });
    assert.equal(
      grown("etcd_server_apply_duration_seconds_count", { op: "Put", success: "false" }),
      1,
    );
    assert.equal(grown("grpc_server_handled_total", { grpc_code: "NotFound" }), 1);
    assert.equal(grown("etcd_server_range_duration_seconds_count", { success: "false" }), 1);
    const failed = { success: "false", type: "Range" };
    assert.equal(grown("etcd_server_request_duration_seconds_count", failed), 1);
  });

  test("with reads", async (context) => {
    const { client, prefix } = context;
    await put(client, `${prefix}a`, "1");
    const grown = await growth(context, async () => {
      for (let i = 0; i < 20; i++) await range(client, `${prefix}a`);
      await range(client, prefix, { rangeEnd: "\0" });
      await txn(client, { success: [rangeOp(`${prefix}a`), rangeOp(`${prefix}b`)] });
    });
    assert.equal(grown("etcd_server_range_duration_seconds_count", { success: "true" }), 21);
    const ranges = { success: "true", type: "Range" };
    assert.equal(grown("etcd_server_request_duration_seconds_count", ranges), 21);
    const txns = { success: "true", type: "ReadonlyTxn" };
    assert.equal(grown("etcd_server_request_duration_seconds_count", txns), 1);
    assert.equal(grown("etcd_mvcc_txn_total"), 1);
    assert.equal(grown("etcd_mvcc_range_total"), 23);
  });

  test("with streamed ranges", async (context) => {
    const { client, prefix } = context;
    await put(client, prefix, "1");
    const grown = await growth(context, async () => {
      const stream = client.open(KV_SERVICE.rangeStream);
      stream.send({ key: prefix });
      stream.halfClose();
      await stream.rest();
    });
    assert.ok(grown("etcd_server_range_duration_seconds_count", { success: "true" }) >= 1);
    const requests = { success: "true", type: "Range" };
    assert.equal(grown("etcd_server_request_duration_seconds_count", requests), 0);
  });

  test("with clients that tell their version", async (context) => {
    const { client, prefix } = context;
    const options = { metadata: { "client-api-version": "3.99" } };
    const grown = await growth(context, async () => {
      await client.call(KV_SERVICE.range, { key: prefix }, options);
      await range(client, prefix);
    });
    const counted = (version: string) =>
      grown("etcd_server_client_requests_total", { client_api_version: version, type: "unary" });
    assert.deepEqual([counted("3.99"), counted("unknown")], [1, 1]);
  });

  test("with watches", async (context) => {
    const { client, prefix } = context;
    const loop = "etcd_debugging_server_watch_send_loop";
    const grown = await growth(context, async () => {
      const watch = new WatchClient(client);
      await watch.create(`${prefix}a`);
      const during = await scrape(context);
      assert.equal(during("etcd_debugging_mvcc_watcher_total"), 1);
      assert.equal(during("etcd_debugging_mvcc_watch_stream_total"), 1);
      await put(client, `${prefix}a`, "1");
      await put(client, `${prefix}a`, "2");
      await watch.events(2);
    });
    assert.equal(grown("etcd_debugging_mvcc_events_total"), 2);
    assert.ok(grown(`${loop}_watch_stream_duration_seconds_count`) >= 1);
    assert.equal(
      grown(`${loop}_watch_stream_duration_per_event_seconds_count`),
      grown(`${loop}_watch_stream_duration_seconds_count`),
    );
    assert.ok(grown(`${loop}_control_stream_duration_seconds_count`) >= 1);
  });

  test("with leases", async (context) => {
    const { client } = context;
    const grown = await growth(context, async () => {
      const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 100 });
      const keepAlive = client.open(LEASE_SERVICE.leaseKeepAlive);
      keepAlive.send({ id });
      await keepAlive.next();
      await client.call(LEASE_SERVICE.leaseRevoke, { id });
    });
    for (const what of ["granted", "renewed", "revoked"]) {
      assert.equal(grown(`etcd_debugging_lease_${what}_total`), 1, what);
    }
    assert.equal(grown("etcd_debugging_lease_ttl_total_sum"), 100);
    assert.equal(grown("etcd_debugging_lease_ttl_total_bucket", { le: "64" }), 0);
    assert.equal(grown("etcd_debugging_lease_ttl_total_bucket", { le: "128" }), 1);
  });

  test("with upkeep", async (context) => {
    const { client, prefix } = context;
    const startedSeconds = Math.floor(Date.now() / 1000);
    const grown = await growth(context, async () => {
      for (let i = 0; i < 3; i++) await put(client, prefix, String(i));
      const revision = revisionOf(await deleteRange(client, prefix));
      await client.call(KV_SERVICE.compact, { revision, physical: true });
      await client.call(MAINTENANCE_SERVICE.defragment, {});
      await client.call(MAINTENANCE_SERVICE.hash, {});
      await client.call(MAINTENANCE_SERVICE.hashKv, {});
      const snapshot = client.open(MAINTENANCE_SERVICE.snapshot);
      snapshot.send({});
      snapshot.halfClose();
      await snapshot.rest();
    });
    assert.ok(grown("etcd_debugging_mvcc_db_compaction_keys_total") >= 3);
    assert.ok(grown("etcd_debugging_mvcc_compact_revision") > 0);
    for (
      const what of [
        "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
        "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
        "etcd_disk_backend_defrag_duration_seconds",
        "etcd_mvcc_hash_duration_seconds",
        "etcd_mvcc_hash_rev_duration_seconds",
      ]
    ) assert.equal(grown(`${what}_count`), 1, what);
    for (
      const what of [
        "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
        "etcd_disk_backend_snapshot_duration_seconds",
        "etcd_disk_backend_commit_duration_seconds",
        "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
        "etcd_debugging_disk_backend_commit_spill_duration_seconds",
        "etcd_debugging_disk_backend_commit_write_duration_seconds",
      ]
    ) assert.ok(grown(`${what}_count`) >= 1, what);
    const last = (await scrape(context))("etcd_debugging_mvcc_db_compaction_last");
    assert.ok(last >= startedSeconds);
  });

  test("with alarms", async (context) => {
    const { client, prefix } = context;
    const { memberId } = headerOf(await range(client, prefix));
    const alarm = { memberId, alarm: AlarmType.NOSPACE };
    const raised = async () =>
      (await scrape(context))("etcd_debugging_server_alarms", { alarm_type: "NOSPACE" });
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.ACTIVATE, ...alarm });
    const during = await raised();
    await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.DEACTIVATE, ...alarm });
    assert.deepEqual([during, await raised()], [1, 0]);
  });

  test("with streams that break the rules", async (context) => {
    const { client } = context;
    const grown = await growth(context, async () => {
      for (const path of ["/etcdserverpb.Watch/Watch", "/etcdserverpb.Lease/LeaseKeepAlive"]) {
        await assert.rejects(client.callBytes(path, new Uint8Array([0xff, 0xff])));
      }
    });
    const failures = (API: string) =>
      grown("etcd_network_server_stream_failures_total", { API, Type: "receive" });
    assert.deepEqual([failures("watch"), failures("lease-keepalive")], [1, 1]);
  }, { notOn: { "etcd-3.7": "etcd takes a broken message for a client that has gone" } });

  test("with scrapes and health checks", async (context) => {
    const { clientPort } = context.server;
    const grown = await growth(context, async () => {
      await httpRequest(clientPort, "/health");
      await httpRequest(clientPort, "/health");
    });
    assert.equal(grown("etcd_server_health_success"), 2);
    assert.equal(grown("promhttp_metric_handler_requests_total", { code: "200" }), 1);
    const during = await scrape(context);
    assert.equal(during("promhttp_metric_handler_requests_in_flight"), 1);
  });
}, { targets: NEWER_TARGET_NAMES });

describeBothTargets("/metrics", (test) => {
  test("tells the process and its files", async (context) => {
    const value = await scrape(context);
    assert.ok(value("os_fd_used") > 3);
    assert.ok(value("os_fd_limit") > value("os_fd_used"));
    assert.equal(value("process_max_fds"), value("os_fd_limit"));
    assert.ok(value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"));
    assert.ok(Math.abs(value("process_start_time_seconds") - Date.now() / 1000) < 600);
    assert.ok(value("process_network_receive_bytes_total") > 0);
  });

  test("tells the member, the cluster and the features", async (context) => {
    const value = await scrape(context);
    assert.equal(value("etcd_server_version", { server_version: "3.7.1" }), 1);
    assert.equal(value("etcd_cluster_version", { cluster_version: "3.7" }), 1);
    assert.equal(value("etcd_server_id"), 1);
    assert.equal(value("etcd_server_go_version"), 1);
    assert.equal(value("etcd_network_known_peers"), 1);
    assert.equal(value("etcd_server_is_learner"), 0);
    assert.ok(value("etcd_mvcc_db_open_read_transactions") >= 1);
    const enabled = (name: string, stage: string) =>
      value("etcd_server_feature_enabled", { name, stage });
    assert.equal(enabled("CompactHashCheck", "ALPHA"), 1);
    assert.equal(enabled("InitialCorruptCheck", "ALPHA"), 0);
    assert.equal(enabled("AllBeta", "BETA"), 0);
  });

  test("is there for every method", async ({ server }) => {
    const answers = await Promise.all(
      ["POST", "PUT", "DELETE", "PATCH", "HEAD"].map((method) =>
        httpRequest(server.clientPort, "/metrics", method)
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 200]);
  });

  test("is compressed for those who take that", async ({ server }) => {
    const request = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n`;
    const head = (answer: string) => answer.slice(0, answer.indexOf("\r\n\r\n")).toLowerCase();
    const zipped = await exchange(server.clientPort, `${request}Accept-Encoding: gzip\r\n\r\n`);
    assert.match(head(zipped), /^content-encoding: gzip$/m);
    const refused = await exchange(
      server.clientPort,
      `${request}Accept-Encoding: gzip;q=0\r\n\r\n`,
    );
    assert.doesNotMatch(head(refused), /content-encoding/);
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--feature-gates=CompactHashCheck=true"] });

describeBothTargets("/metrics at --metrics extensive", (test) => {
  test("tells how long calls took", async (context) => {
    const { client, prefix } = context;
    const grown = await growth(context, async () => {
      for (let i = 0; i < 3; i++) await put(client, prefix, "1");
    });
    const labels = { grpc_method: "Put", grpc_type: "unary" };
    assert.equal(grown("grpc_server_handling_seconds_count", labels), 3);
    assert.ok(grown("grpc_server_handling_seconds_sum", labels) > 0);
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--metrics=extensive"] });
