import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { Prng } from "../../src/base/prng.ts";
import { withDirectory } from "../../src/base/testing/with_directory.ts";
import { readBackendStatus } from "../../src/disk/backend/backend_status.ts";
import { ChangeWalk } from "../../src/disk/backend/change_walk.ts";
import { hashBackend } from "../../src/disk/backend/file_hash.ts";
import { FilePairs } from "../../src/disk/backend/file_pairs.ts";
import { readStoredState, type StoredState } from "../../src/disk/backend/stored_state.ts";
import { BTreeFile } from "../../src/disk/btree/btree_file.ts";
import type { ReadTransaction } from "../../src/disk/btree/read_transaction.ts";
import {
  AlarmAction,
  AlarmMember,
  AlarmType,
  type HashKVResponse,
} from "../../src/pb/etcdserverpb.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import {
  CLUSTER_SERVICE,
  KV_SERVICE,
  LEASE_SERVICE,
  MAINTENANCE_SERVICE,
} from "../../src/pb/services.ts";
import { ctlLines, ctlText } from "../harness/etcdctl.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { put, revisionOf } from "../harness/kv_calls.ts";
import { ServerProcess } from "../harness/server_process.ts";
import {
  allPairs,
  askHashKv,
  assertHashKv,
  byKey,
  LEASE_ID,
  load,
  OPTIONS,
  test,
  withEtcd,
  withRead,
} from "./etcd_backend.ts";
import { restore, writeMemberFile } from "./member_file.ts";

/** The latest pairs, by the walk over the changes and then by reading each of them. */
function latestPairs(read: ReadTransaction, file: BTreeFile): KeyValue[] {
  const latest = new Map<string, readonly [number, number]>();
  const walk = new ChangeWalk(read, systemClock);
  while (
    walk.step((main, sub, tombstone, bytes, start, end) => {
      const { key } = KeyValue.decode(bytes.slice(start, end));
      latest.delete(key);
      if (!tombstone) latest.set(key, [main, sub]);
    })
  );
  const pairs = new FilePairs(file);
  const kvs = [...latest.values()].map(([main, sub]) => {
    const { bytes, start, end } = pairs.read(main, sub);
    return KeyValue.decode(bytes, start, end);
  });
  pairs.close();
  return byKey(kvs);
}

/** All kinds of state besides keys that etcd 3.4 keeps in its file. */
async function makeState(client: GrpcClient, server: ServerProcess): Promise<void> {
  await client.call(LEASE_SERVICE.leaseGrant, { id: LEASE_ID, ttl: 4711 });
  await client.call(LEASE_SERVICE.leaseGrant, { id: 3n, ttl: 100 });
  await client.call(LEASE_SERVICE.leaseGrant, { id: 4n, ttl: 100 });
  await client.call(LEASE_SERVICE.leaseRevoke, { id: 4n });
  await ctlLines(server, ["user", "add", "somebody:secret"]);
  const { member } = await client.call(CLUSTER_SERVICE.memberAdd, {
    peerUrls: ["http://127.0.0.1:1"],
    isLearner: true,
  });
  await client.call(CLUSTER_SERVICE.memberRemove, { id: member?.id ?? 0n });
}

function assertState(state: StoredState, members: StoredState["members"]): void {
  assert.deepEqual(state.members, members);
  assert.equal(state.removedMembers.length, 1);
  assert.equal(state.clusterVersion, "3.4.0");
  assert.deepEqual(state.leases, [
    { id: 3n, ttlSeconds: 100, remainingTtlSeconds: 0 },
    { id: LEASE_ID, ttlSeconds: 4711, remainingTtlSeconds: 0 },
  ]);
  assert.deepEqual(state.alarms, [
    AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE }),
  ]);
  // What only later versions write.
  assert.equal(state.term, 0);
  assert.equal(state.confState, undefined);
  assert.equal(state.storageVersion, undefined);
}

Deno.test({
  ...test,
  name: "what etcd's file says is what etcd answered: state, pairs, HashKV, Hash",
  fn: () =>
    withEtcd(async (client, server) => {
      const prng = new Prng(1);
      await makeState(client, server);
      const compacted = await load(client, prng, 60) - 15;
      await client.call(KV_SERVICE.compact, { revision: compacted, physical: true });
      const last = await load(client, prng, 60);
      const hashes: HashKVResponse[] = [];
      // etcd 3.4 refuses the compacted revision itself.
      for (let revision = compacted + 1; revision <= last; revision += 7) {
        hashes.push(await askHashKv(client, revision));
      }
      const pairs = await allPairs(client);
      const { members } = await client.call(CLUSTER_SERVICE.memberList);
      // etcd 3.4 counts on only with entries that change keys, although it stores the others' effect.
      const { raftAppliedIndex } = await client.call(MAINTENANCE_SERVICE.status);
      await client.call(MAINTENANCE_SERVICE.alarm, {
        action: AlarmAction.ACTIVATE,
        memberId: 77n,
        alarm: AlarmType.NOSPACE,
      });
      const { hash } = await client.call(MAINTENANCE_SERVICE.hash);
      await client.close();
      await server.stop();

      await withRead(join(server.dataDir, "member", "snap", "db"), async (read, file) => {
        const state = readStoredState(read);
        assertState(state, members.map((member) => ({ ...member })));
        assert.equal(state.consistentIndex, raftAppliedIndex);
        assert.equal(state.scheduledCompactRevision, compacted);
        assert.equal(state.finishedCompactRevision, compacted);
        assert.deepEqual(latestPairs(read, file), pairs);
        assert.equal(await hashBackend(read, { ...OPTIONS, skipMeta: true }), hash);
        for (let i = 0; i < hashes.length; i++) {
          await assertHashKv(read, compacted + 1 + i * 7, hashes[i]);
        }
        assert.ok(hashes.length > 5);
        const { totalKeys, revision } = await readBackendStatus(read, OPTIONS);
        assert.equal(totalKeys, pairs.length);
        assert.equal(revision, last);
      });
    }),
});

Deno.test({
  ...test,
  name: "etcdctl and etcd read what BackendBatch wrote: status, restore, pairs, leases, alarms",
  fn: () =>
    withDirectory(async (directory) => {
      const path = join(directory, "db");
      const last = 2000;
      const pairs = await writeMemberFile(path, last);
      assert.ok(pairs.length > 300);
      await withRead(path, async (read, file) => {
        const status = await readBackendStatus(read, OPTIONS);
        assert.deepEqual(JSON.parse(await ctlText(["snapshot", "status", path, "-w", "json"])), {
          hash: status.hash,
          revision: last,
          totalKey: status.totalPairs,
          totalSize: status.totalSizeBytes,
        });
        assert.equal(status.totalKeys, pairs.length);
        assert.equal(status.version, "3.6.0");
        assert.deepEqual(latestPairs(read, file), pairs);
      });
      await restore(path, join(directory, "restored"));
      await withEtcd((client) => assertServed(client, path, pairs), join(directory, "restored"));
    }),
});

async function assertServed(
  client: GrpcClient,
  path: string,
  pairs: readonly KeyValue[],
): Promise<void> {
  assert.deepEqual(await allPairs(client), pairs);
  const compacted = 1751;
  for (const revision of [compacted + 1, 1900, 2000]) {
    const expected = await askHashKv(client, revision);
    assert.equal(expected.compactRevision, compacted);
    await withRead(path, (read) => assertHashKv(read, revision, expected));
  }
  const { leases } = await client.call(LEASE_SERVICE.leaseLeases);
  assert.deepEqual(leases.map(({ id }) => id), [LEASE_ID]);
  const lease = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: LEASE_ID, keys: true });
  assert.equal(lease.grantedTtl, 4711);
  assert.ok(lease.ttl <= 1000 && lease.ttl > 900, `${lease.ttl}`);
  assert.equal(lease.keys.length, pairs.filter((kv) => kv.lease === LEASE_ID).length);
  const alarm = { action: AlarmAction.DEACTIVATE, memberId: 77n, alarm: AlarmType.NOSPACE };
  const { alarms } = await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.GET });
  assert.deepEqual(alarms, [AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE })]);
  await assert.rejects(put(client, "k", "v"), /database space exceeded/);
  await client.call(MAINTENANCE_SERVICE.alarm, alarm);
  assert.equal(revisionOf(await put(client, "k", "v")), 2001);
}
