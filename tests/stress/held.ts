import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { httpRequest } from "../harness/http1.ts";

/** What a server holds for its clients: numbers by name. */
type Held = Readonly<Record<string, number>>;

const GAUGES: Readonly<Record<string, string>> = {
  connections: "detcd_client_connections",
  calls: "detcd_grpc_active_calls",
  deadlines: "detcd_grpc_pending_deadlines",
  unfinishedBytes: "detcd_grpc_unfinished_message_bytes",
  openStreams: "detcd_server_open_streams",
  waitingReads: "detcd_server_reads_waiting",
  pendingProposals: "etcd_server_proposals_pending",
  watchStreams: "etcd_debugging_mvcc_watch_stream_total",
  watchers: "etcd_debugging_mvcc_watcher_total",
};

const PATIENCE_MS = 10_000;
const POLL_INTERVAL_MS = 20;

/** What the server says that it holds; the connection of the question itself counts. */
export async function heldBy(port: number): Promise<Held> {
  const metrics = await metricsOf(port);
  const held: Record<string, number> = {};
  for (const [name, metric] of Object.entries(GAUGES)) {
    const value = metrics.get(metric);
    assert.ok(value !== undefined, `${metric} is among the metrics`);
    held[name] = value;
  }
  return held;
}

/** Waits until the server holds what it held before; fails with what it holds beyond that. */
export async function untilOnly(port: number, before: Held): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let now = await heldBy(port);
  while (JSON.stringify(now) !== JSON.stringify(before) && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    now = await heldBy(port);
  }
  assert.deepEqual(now, before, "the server holds no more than before");
}

/** All metrics without labels, and the sums over their labels of the others. */
export async function metricsOf(port: number): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await httpRequest(port, "/metrics");
  assert.equal(status, 200);
  const sums = new Map<string, number>();
  for (const line of body.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const name = line.slice(0, line.search(/[ {]/));
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}

/** How many sockets this process has open; 0 where the system does not tell. */
export function openSocketCount(): number {
  if (Deno.build.os !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("socket:");
    } catch {
      // The descriptor of the listing itself is closed by now.
      return false;
    }
  }).length;
}
