import process from "node:process";
import { formatId } from "../../../core/members/member_id.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import { openFileLimit } from "../../metrics/process_files.ts";
import { getOnly, type HttpHandler } from "../http_message.ts";
import { commandLine } from "./command_line.ts";

/** GET /debug/vars: what Go's package expvar tells, and etcd's state of Raft. */
export function debugVarsHandler(server: EtcdServer): HttpHandler {
  return getOnly(() => {
    const variables = {
      cmdline: commandLine(),
      file_descriptor_limit: openFileLimit() ?? 0,
      memstats: memoryStatistics(),
      "raft.status": raftStatus(server),
    };
    const lines = Object.entries(variables).map(([name, value]) =>
      `${JSON.stringify(name)}: ${JSON.stringify(value)}`
    );
    return {
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: `{\n${lines.join(",\n")}\n}\n`,
    };
  });
}

/** Go's names for what V8 knows as well. `External` is V8's own: buffers outside of its heap. */
function memoryStatistics(): Record<string, number> {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  return {
    Alloc: heapUsed,
    Sys: rss,
    HeapAlloc: heapUsed,
    HeapSys: heapTotal,
    HeapIdle: heapTotal - heapUsed,
    HeapInuse: heapUsed,
    External: external,
  };
}

function raftStatus({ raftStatus }: EtcdServer): object {
  const { id, term, vote, committedIndex, appliedIndex, leader, role, progress } = raftStatus;
  return {
    id: formatId(id),
    term,
    vote: formatId(vote),
    commit: committedIndex,
    lead: formatId(leader),
    raftState: `State${role[0].toUpperCase()}${role.slice(1)}`,
    applied: appliedIndex,
    progress: Object.fromEntries(progress.map(({ id, matchIndex }) => [
      formatId(id),
      { match: matchIndex, next: matchIndex + 1, state: "StateReplicate" },
    ])),
    leadtransferee: "0",
  };
}
