import assert from "node:assert/strict";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { listSnapFiles, parseSnapFileName } from "../../disk/snap_file.ts";
import { AlarmAction, AlarmRequest, AlarmType } from "../../pb/etcdserverpb.ts";
import {
  compact,
  DB,
  hashOfMemory,
  type MemberOptions,
  putMany,
  readDb,
  settle,
  SNAP,
  type TestMember,
  until,
  withMember,
} from "../backend/testing/member_fixtures.ts";
import type { WatchedDisk } from "../backend/testing/watched_disk.ts";
import { AlarmOperation } from "../operations/alarm.ts";
import { get, grantLease, put } from "../testing/server_fixtures.ts";
import {
  changeDb,
  copyOf,
  refusalOf,
  transplant,
  withUnstarted,
} from "./testing/bootstrap_fixtures.ts";

const RESTART = "restarting a member";

/** The disk of a member that was killed with part of its state in the file and part in the log. */
async function killedMember(
  use: (member: TestMember) => Promise<void>,
  options: MemberOptions = {},
): Promise<WatchedDisk> {
  let copy: WatchedDisk | undefined;
  await withMember(options, async (member) => {
    await use(member);
    copy = copyOf(member.disk);
  });
  assert.ok(copy !== undefined);
  return copy;
}

Deno.test("a restart has the file's state and applies only the tail of the log", async () => {
  let checkpointed = 0;
  const disk = await killedMember(async ({ server }) => {
    await putMany(server, "stored", 30);
    await server.backend.checkpoint();
    checkpointed = server.appliedIndex;
    await putMany(server, "tail", 20);
  });
  await withUnstarted(copyOf(disk), {}, (server, logger) => {
    assert.equal(server.appliedIndex, checkpointed);
    assert.equal(server.store.currentRevision, 31);
    assert.equal(get(server, "tail0"), undefined);
    assert.equal(logger.fieldsOf(RESTART)["consistent-index"], checkpointed);
  });
  await withMember({}, async ({ server }) => {
    assert.equal(server.store.currentRevision, 51);
    assert.deepEqual(get(server, "stored29"), { value: "29 vvvvvvv", revision: 31 });
    assert.deepEqual(get(server, "tail19"), { value: "19 vvvvvvv", revision: 51 });
    assert.equal(await put(server, "more", "1"), 52);
    await server.backend.checkpoint();
    assert.equal((await readDb(disk)).hashKv, hashOfMemory(server));
  }, disk);
});

Deno.test("a restart needs no log but the snapshot's record if the file has all", async () => {
  const disk = await killedMember(async ({ server, clock }) => {
    await server.backend.checkpoint();
    clock.advance(2_000);
    await putMany(server, "k", 20);
    await server.backend.checkpoint();
  }, { backend: { snapshotCount: 1 } });
  await withUnstarted(disk, {}, (server, logger) => {
    const fields = logger.fieldsOf(RESTART);
    assert.equal(fields["snapshot-index"], fields["consistent-index"]);
    assert.equal(fields.entries, 0);
    assert.equal(server.appliedIndex, fields["snapshot-index"]);
    assert.equal(server.store.currentRevision, 21);
  });
  await withMember({}, async ({ server }) => {
    assert.equal(get(server, "k19")?.revision, 21);
    assert.equal(await put(server, "more", "1"), 22);
  }, disk);
});

for (const line of ["3.4", "3.7"]) {
  const compatVersion = CompatVersion.of(line) ?? CompatVersion.newest;
  Deno.test(`leases, alarms and members of ${line} survive without the log's tail`, async () => {
    const disk = await killedMember(async ({ server }) => {
      await grantLease(server, 7n, 600);
      await grantLease(server, 8n, 600);
      const lateAlarm = AlarmRequest.create({
        action: AlarmAction.ACTIVATE,
        memberId: 77n,
        alarm: AlarmType.NOSPACE,
      });
      await new Promise((applied, failed) => {
        const operation = new AlarmOperation(lateAlarm, { applied, failed });
        server.proposeEncoded(operation, AlarmRequest.encode(lateAlarm));
      });
      await server.backend.checkpoint();
      await new Promise<void>((resolve, reject) => {
        server.ownRequests.revokeLease(
          8n,
          (error) => error === undefined ? resolve() : reject(error),
        );
      });
      await server.backend.checkpoint();
    }, { compatVersion });
    await withUnstarted(disk, { compatVersion }, (server) => {
      assert.deepEqual(server.lessor.leases(), [7n]);
      assert.equal(server.lessor.get(7n)?.ttlSeconds, 600);
      assert.deepEqual(
        server.alarms.list().map(({ memberId, alarm }) => ({ memberId, alarm })),
        [{ memberId: 77n, alarm: AlarmType.NOSPACE }],
      );
      assert.equal(server.membership.clusterVersion, `${line}.0`);
      assert.deepEqual(
        server.membership.list().map(({ id, name, clientUrls }) => ({ id, name, clientUrls })),
        [{ id: server.memberId, name: "test", clientUrls: ["http://localhost:2379"] }],
      );
    });
  });
}

Deno.test("a restart goes on with a compaction that was under way", async () => {
  const compaction = { batchLimit: 50, sleepIntervalMs: 10 };
  const disk = await killedMember(async ({ server, clock, disk }) => {
    for (let i = 0; i < 10; i++) await putMany(server, "k", 40);
    await server.backend.checkpoint();
    await compact(server, 401);
    for (let i = 0; i < 3; i++) {
      await settle();
      clock.advance(10);
    }
    await settle();
    await server.backend.checkpoint();
    const { changes, scheduledCompactRevision, finishedCompactRevision } = await readDb(disk);
    assert.ok(changes.length > 40 && changes.length < 400, `${changes.length} are left`);
    assert.equal(scheduledCompactRevision, 401);
    assert.equal(finishedCompactRevision, -1);
  }, { compaction });
  await withMember({ compaction }, async ({ server, clock, disk }) => {
    assert.equal(server.store.compactedRevision, 401);
    await until(() => {
      clock.advance(10);
      return server.store.finishedCompactRevision === 401;
    }, "the compaction ends");
    await server.backend.checkpoint();
    const file = await readDb(disk);
    assert.equal(file.finishedCompactRevision, 401);
    assert.equal(file.changes.length, 40);
    assert.equal(file.hashKv, hashOfMemory(server));
  }, disk);
});

Deno.test("a file that is ahead of its log is refused", async () => {
  const options = { walSegmentSizeBytes: 16_384 };
  const disk = await killedMember(async ({ server }) => {
    await putMany(server, "k", 10);
    await server.backend.checkpoint();
  }, options);
  const older = copyOf(disk);
  await withMember(options, ({ server }) => putMany(server, "later", 10), disk);
  transplant(disk, older, DB);
  const { consistentIndex } = await readDb(disk);
  const message = await refusalOf(older, options);
  assert.match(
    message,
    /^Cannot use \/data\/member\/snap\/db: it has the entries of the log up to/,
  );
  assert.ok(
    message.includes(`index ${consistentIndex}, but the log in /data/member/wal ends with`),
  );
  assert.match(message, /Restore a backup$/);
});

Deno.test("a file from before the newest snapshot is brought up to date by the log", async () => {
  const options = { walSegmentSizeBytes: 16_384, backend: { snapshotCount: 5, maxWals: 0 } };
  const disk = await killedMember(async ({ server, clock }) => {
    clock.advance(1_000);
    await putMany(server, "k", 10);
    await server.backend.checkpoint();
  }, options);
  const older = copyOf(disk);
  const [first] = listSnapFiles(disk, SNAP).map((name) => parseSnapFileName(name).index);
  await withMember(options, async ({ server, clock }) => {
    clock.advance(1_000);
    await putMany(server, "later", 10);
    await server.backend.checkpoint();
    await putMany(server, "last", 10);
  }, disk);
  const [newest] = listSnapFiles(disk, SNAP).map((name) => parseSnapFileName(name).index);
  assert.ok(newest > first);
  transplant(older, disk, DB);
  await withUnstarted(copyOf(disk), options, (server, logger) => {
    assert.equal(logger.fieldsOf(RESTART)["snapshot-index"], first);
    assert.equal(server.store.currentRevision, 11);
  });
  await withMember(options, ({ server }) => {
    assert.equal(server.store.currentRevision, 31);
    assert.equal(get(server, "last9")?.revision, 31);
    return Promise.resolve();
  }, disk);
});

Deno.test("a member that does not belong to its cluster is refused", async () => {
  const disk = await killedMember(async ({ server }) => {
    await put(server, "a", "1");
    await server.backend.checkpoint();
  });
  await changeDb(disk, (batch) => {
    const stranger = {
      id: 0xabcn,
      peerUrls: ["http://localhost:2380"],
      name: "other",
      clientUrls: [],
      isLearner: false,
    };
    batch.replaceMembers([stranger], []);
  });
  const message = await refusalOf(disk);
  assert.match(
    message,
    /^Cannot use the data directory \/data: its member 8e9e05c52164694d does not/,
  );
  assert.match(message, /whose members are abc\b/);
});
