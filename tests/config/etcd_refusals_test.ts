import assert from "node:assert/strict";
import { ServerProcess } from "../harness/server_process.ts";
import { forEach, runOurs } from "./command_line_outcome.ts";
import { ignore, runEtcd, STORAGE_FLAGS } from "./etcd_peer.ts";

/** Values about what is stored that etcd serves with; those of 0 and below are its own bounds. */
const SERVED_VALUES: readonly Readonly<Record<string, string>>[] = [
  {
    "snapshot-count": "300",
    "max-wals": "2",
    "max-snapshots": "3",
    "backend-batch-interval": "20ms",
    "backend-batch-limit": "5",
    "backend-bbolt-freelist-type": "map",
    "compaction-batch-limit": "10",
    "experimental-corrupt-check-time": "4h",
    "experimental-initial-corrupt-check": "true",
  },
  {
    "snapshot-count": "0",
    "max-wals": "0",
    "max-snapshots": "0",
    "backend-batch-interval": "0",
    "backend-batch-limit": "-1",
    "backend-bbolt-freelist-type": "array",
    "compaction-batch-limit": "0",
    "corrupt-check-time": "0s",
    "experimental-initial-corrupt-check": "false",
  },
];

Deno.test({
  name: "Config.validate() takes the values about what is stored that etcd serves with",
  ignore,
  async fn() {
    await forEach(SERVED_VALUES, async (values) => {
      const pairs = Object.entries(values);
      const older = pairs.map(([flag, value]) => `--${STORAGE_FLAGS[flag]}=${value}`);
      const server = await ServerProcess.start("etcd", { flags: older });
      await server.dispose();
      const flags = pairs.map(([flag, value]) => `--${flag}=${value}`);
      assert.deepEqual(await runOurs(flags), { code: 0, message: "" });
    });
  },
});

Deno.test({
  name: "Config.validate() refuses what etcd refuses, in the same words",
  ignore,
  async fn() {
    const lists = [
      ["--heartbeat-interval=0"],
      ["--election-timeout=0"],
      ["--heartbeat-interval=300", "--election-timeout=1000"],
      ["--election-timeout=50001"],
      ["--auto-compaction-mode=x"],
      ["--listen-client-urls=http://127.0.0.1:1"],
      ["--listen-client-urls="],
      ["--listen-peer-urls=http://example.com:2380"],
      ["--listen-client-urls=http://example.com:2379"],
      ["--listen-metrics-urls=http://example.com:1"],
      ["--initial-cluster=a=http://1:1", "--discovery-srv=example.com"],
      ["--initial-advertise-peer-urls=http://:2380"],
      // The first mistake in the order of the checks, not of the flags.
      ["--auto-compaction-mode=x", "--heartbeat-interval=0"],
      ["--heartbeat-interval=0", "--listen-peer-urls=http://example.com:2380"],
    ];
    await forEach(lists, async (args) => {
      assert.deepEqual(await runOurs(args), await runEtcd(args), JSON.stringify(args));
    });
  },
});
