import assert from "node:assert/strict";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { compat } from "../../core/members/testing/compat.ts";
import { MemoryFileSystem } from "../../disk/memory_file_system.ts";
import { readWal } from "../../disk/testing/wal_fixtures.ts";
import { Request } from "../../pb/etcdserverpb.ts";
import { type Entry, EntryType } from "../../pb/raftpb.ts";
import { firstUnreadableEntry } from "./entry_forms.ts";
import { layoutOf } from "../operations/entry_layout.ts";
import { OperationField } from "../operations/field.ts";
import { startServer, testConfig } from "../testing/server_fixtures.ts";

const { CLUSTER_MEMBER_ATTR_SET, CLUSTER_VERSION_SET } = OperationField;
const ATTRIBUTES_PATH = "/0/members/8e9e05c52164694d/attributes";
const WAL_START = { index: 0, term: 0 };

/** What a member that presents the given line knows of itself once it is ready. */
async function runOnce(fileSystem: MemoryFileSystem, line: string): Promise<unknown[]> {
  const config = testConfig(fileSystem, { name: "n1", compatVersion: compat(line) });
  const server = await startServer(config);
  const [{ name, clientUrls }] = server.membership.list();
  await server.stop();
  return [server.membership.clusterVersion, name, ...clientUrls];
}

/** The entries of a log that one member wrote, without the empty ones of new leaders. */
function writtenEntries(fileSystem: MemoryFileSystem): Entry[] {
  const { entries } = readWal(fileSystem, "/data/member/wal", WAL_START);
  return entries.filter(({ type, data }) => type === EntryType.EntryNormal && data !== undefined);
}

/** What they ask for: the path of a v2 request, or a field number of InternalRaftRequest. */
function commandsOf(entries: readonly Entry[]): (string | number)[] {
  return entries.map(({ data = new Uint8Array(0) }) => {
    const layout = layoutOf(data);
    return layout.isBareV2 ? Request.decode(data).path : layout.field;
  });
}

for (const line of CompatVersion.lines()) {
  Deno.test(`publishSelf() publishes a member as etcd ${line} does, in a form that it reads`, async () => {
    const fileSystem = new MemoryFileSystem();
    const known = await runOnce(fileSystem, line);
    assert.deepEqual(known, [`${line}.0`, "n1", "http://localhost:2379"]);
    const entries = writtenEntries(fileSystem);
    const expected = line === "3.4" || line === "3.5"
      ? [ATTRIBUTES_PATH, "/0/version"]
      : [CLUSTER_MEMBER_ATTR_SET, CLUSTER_VERSION_SET];
    assert.deepEqual(commandsOf(entries), expected);
    assert.equal(firstUnreadableEntry(entries, compat(line)), undefined);
  });
}

Deno.test("publishSelf() sets the cluster version anew only when it differs, also to a lower one", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const line of ["3.6", "3.7", "3.7", "3.4", "3.4", "3.5"]) {
    const [clusterVersion] = await runOnce(fileSystem, line);
    assert.equal(clusterVersion, `${line}.0`);
  }
  assert.deepEqual(commandsOf(writtenEntries(fileSystem)), [
    CLUSTER_MEMBER_ATTR_SET,
    CLUSTER_VERSION_SET,
    CLUSTER_MEMBER_ATTR_SET,
    CLUSTER_VERSION_SET,
    CLUSTER_MEMBER_ATTR_SET,
    ATTRIBUTES_PATH,
    "/0/version",
    ATTRIBUTES_PATH,
    ATTRIBUTES_PATH,
    "/0/version",
  ]);
});
