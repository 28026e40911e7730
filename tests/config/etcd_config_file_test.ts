import assert from "node:assert/strict";
import { join } from "node:path";
import { forEach, runOurs } from "./command_line_outcome.ts";
import { ignore, runEtcd } from "./etcd_peer.ts";

/** Files of which each is good or bad for both; a good one stops at its heartbeat. */
const FILES = [
  "name: a",
  "name: [a]",
  "name: {a: b}",
  "name:",
  "max-wals: 5",
  'max-wals: "5"',
  "max-wals: 0x10",
  "max-wals: -1",
  "max-wals: 1.5",
  "max-wals: x",
  "max-wals:",
  "pre-vote: yes",
  "pre-vote: off",
  "pre-vote: 1",
  'pre-vote: "true"',
  "pre-vote: maybe",
  "grpc-keepalive-interval: 5000000000",
  "grpc-keepalive-interval: 5s",
  "quota-backend-bytes: 9223372036854775807",
  "quota-backend-bytes: 9223372036854775808",
  "quota-backend-bytes: -9223372036854775808",
  "snapshot-count: 18446744073709551615",
  "snapshot-count: 18446744073709551616",
  "max-snapshots: 0",
  "max-snapshots: -1",
  "backend-batch-limit: -1",
  "backend-batch-limit: 5s",
  "backend-batch-interval: 5000000000",
  "backend-batch-interval: 5s",
  "experimental-initial-corrupt-check: true",
  "experimental-initial-corrupt-check: 1",
  "experimental-corrupt-check-time: 5000000000",
  "experimental-corrupt-check-time: 5s",
  "log-outputs: [stderr]",
  "log-outputs: stderr",
  "cipher-suites: []",
  "peer-transport-security: 5",
  "client-transport-security: {client-cert-auth: true}",
  "client-transport-security: []",
  "client-transport-security:\n  auto-tls: x",
  "initial-cluster-state:",
  "name: &a x\nwal-dir: *a",
  "name: *nobody",
  "name: [",
  "name: 'a",
  "a\tb",
  "- a",
  "listen-client-urls: ''",
];

/** Files in which etcd misses quotes around a text; here they can only mean one thing. */
const LENIENT_FILES = ["name: 007", "name: true", "auto-compaction-retention: 1"];

Deno.test({
  name: "configFromFile() refuses the files that etcd refuses",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const files = [...FILES, ...LENIENT_FILES];
      await forEach(files, async (text) => {
        const path = join(folder, `${files.indexOf(text)}.yml`);
        await Deno.writeTextFile(path, `${text}\nheartbeat-interval: 0\n`);
        const ours = await runOurs(["--config-file", path]);
        const theirs = await runEtcd(["--config-file", path]);
        const stop = "--heartbeat-interval must be >0 (set to 0ms)";
        const what = JSON.stringify({ text, ours, theirs });
        assert.equal(ours.code, theirs.code, what);
        const isTheirsGood = theirs.message === stop || LENIENT_FILES.includes(text);
        assert.equal(ours.message === stop, isTheirsGood, what);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
