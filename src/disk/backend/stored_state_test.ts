import assert from "node:assert/strict";
import { bytesFromLatin1, bytesFromText, latin1FromBytes } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import type { StoredAuth } from "../../core/auth/auth_changes.ts";
import { type AuthRole, encodeRole } from "../../core/auth/role.ts";
import { type AuthUser, encodeUser } from "../../core/auth/user.ts";
import type { Member } from "../../core/members/member.ts";
import { AlarmMember, AlarmType } from "../../pb/etcdserverpb.ts";
import { ConfState } from "../../pb/raftpb.ts";
import { contentsOf } from "../btree/testing/btree_fixtures.ts";
import type { BTreeFile } from "../btree/btree_file.ts";
import { BackendBatch } from "./backend_batch.ts";
import {
  commitBatch,
  damageIn,
  newDisk,
  openFile,
  PATH,
  withRead,
} from "./testing/backend_fixtures.ts";
import { Bucket, BUCKET_NAMES } from "./schema.ts";
import { readStoredAuth } from "./stored_auth.ts";
import { readStoredState, type StoredState } from "./stored_state.ts";

const LARGE_ID = 0xfedc_ba98_7654_3210n;

const MEMBER: Member = {
  id: LARGE_ID,
  peerUrls: ["http://10.0.0.1:2380"],
  isLearner: false,
  name: "n1",
  clientUrls: ["http://10.0.0.1:2379"],
};
const LEARNER: Member = { ...MEMBER, id: 7n, isLearner: true, name: "", clientUrls: [] };

const CONF_STATE = ConfState.create({ voters: [LARGE_ID], learners: [7n] });

const EMPTY_STATE: StoredState = {
  consistentIndex: 0,
  term: 0,
  confState: undefined,
  storageVersion: undefined,
  scheduledCompactRevision: -1,
  finishedCompactRevision: -1,
  clusterVersion: undefined,
  downgrade: undefined,
  members: [],
  removedMembers: [],
  leases: [],
  alarms: [],
};

const LEASE = { id: 0x7fff_ffff_ffff_ffffn, ttlSeconds: 60, remainingTtlSeconds: 17 };
const ALARM = AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE });

async function writeState(file: BTreeFile): Promise<void> {
  await commitBatch(file, (batch) => {
    batch.setConsistentIndex(4711, 3);
    batch.setConfState(CONF_STATE);
    batch.setStorageVersion("3.6.0");
    batch.setScheduledCompactRevision(90);
    batch.setFinishedCompactRevision(80);
    batch.putLease(LEASE);
    batch.putLease({ id: 1n, ttlSeconds: 5, remainingTtlSeconds: 0 });
    batch.replaceAlarms([ALARM, AlarmMember.create({ memberId: 1n, alarm: AlarmType.CORRUPT })]);
    batch.replaceMembers([MEMBER, LEARNER], [5n, LARGE_ID - 1n]);
    batch.setClusterVersion("3.6.0");
    batch.setDowngrade({ enabled: true, targetVersion: "3.5.0" });
  });
}

async function withState(use: (file: BTreeFile) => Promise<void> | void): Promise<void> {
  const file = await openFile();
  await writeState(file);
  await use(file);
  await file.close();
}

/** Puts a pair past BackendBatch. */
async function putRaw(
  file: BTreeFile,
  bucket: string,
  key: string,
  value: Uint8Array,
): Promise<void> {
  const write = file.beginWrite();
  write.createBucketIfMissing(bucket).put(bytesFromLatin1(key), value);
  await write.commit();
}

function rollBackBatch(file: BTreeFile): void {
  const batch = new BackendBatch(file.beginWrite());
  batch.setConsistentIndex(9999, 9);
  batch.putChange(2, 0, false, bytesFromText("x"), 0, 1);
  batch.rollback();
}

Deno.test("readStoredState() reads nothing from a file without buckets", async () => {
  const file = await openFile();
  await withRead(file, (read) => assert.deepEqual(readStoredState(read), EMPTY_STATE));
  await file.close();
});

Deno.test("BackendBatch makes the buckets of etcd's first start, and keeps what is in them", async () => {
  const file = await openFile();
  await commitBatch(file, () => {});
  const expected = new Map<string, ReadonlyMap<string, string>>(
    BUCKET_NAMES.map((name) => [name, new Map()]),
  );
  expected.set(Bucket.AUTH, new Map([["authRevision", "\0\0\0\0\0\0\0\x01"]]));
  assert.deepEqual(contentsOf(file), expected);
  await putRaw(file, Bucket.AUTH, "authRevision", bytesFromLatin1("\0\0\0\0\0\0\0\x09"));
  await commitBatch(file, () => {});
  assert.equal(contentsOf(file).get(Bucket.AUTH)?.get("authRevision"), "\0\0\0\0\0\0\0\x09");
  await file.close();
});

const ROLE: AuthRole = {
  name: "r",
  permissions: [{ permType: 1, key: "\xff", rangeEnd: "\0" }],
};
const USER: AuthUser = {
  name: "é",
  passwordHash: bytesFromText("$2a$10$"),
  roles: ["r", "root"],
  options: { noPassword: false },
};
const AUTH: StoredAuth = { enabled: true, revision: 7, users: [USER], roles: [ROLE] };

Deno.test("readStoredAuth() reads what BackendBatch wrote, and what etcd's first start leaves", async () => {
  const file = await openFile();
  const empty = { enabled: undefined, revision: 1, users: [], roles: [] };
  await withRead(file, (read) => assert.deepEqual(readStoredAuth(read), empty));
  await commitBatch(file, (batch) => batch.putAuth({ ...AUTH, goneUsers: ["x"], goneRoles: [] }));
  await withRead(file, (read) => assert.deepEqual(readStoredAuth(read), AUTH));
  const gone = { goneUsers: [USER.name], goneRoles: [ROLE.name] };
  await commitBatch(file, (batch) => {
    batch.putAuth({ ...empty, enabled: false, revision: 8, ...gone });
  });
  await withRead(
    file,
    (read) => assert.deepEqual(readStoredAuth(read), { ...empty, enabled: false, revision: 8 }),
  );
  await file.close();
});

Deno.test("readStoredAuth() refuses what etcd cannot have written, with its place", async () => {
  const broken: [string, string, Uint8Array, RegExp][] = [
    [Bucket.AUTH, "authEnabled", Uint8Array.of(2), /neither 0 nor 1/],
    [Bucket.AUTH, "authEnabled", Uint8Array.of(), /0 bytes instead of 1/],
    [Bucket.AUTH, "authRevision", Uint8Array.of(1), /1 bytes instead of 8/],
    [Bucket.AUTH, "authFnabled", Uint8Array.of(1), /no such pair/],
    [Bucket.AUTH_USERS, "a", encodeUser(USER), /it is of é/],
    [Bucket.AUTH_ROLES, "a", encodeRole(ROLE), /it is of r/],
    [Bucket.AUTH_ROLES, "a", Uint8Array.of(0x0a, 9), /./],
  ];
  for (const [bucket, key, value, message] of broken) {
    const file = await openFile();
    await putRaw(file, bucket, key, value);
    await withRead(file, (read) => {
      assert.match(damageIn(() => readStoredAuth(read)).message, message);
    });
    await file.close();
  }
});

Deno.test("readStoredState() reads what BackendBatch wrote", () =>
  withState(async (file) => {
    await withRead(file, (read) =>
      assert.deepEqual(readStoredState(read), {
        consistentIndex: 4711,
        term: 3,
        confState: CONF_STATE,
        storageVersion: "3.6.0",
        scheduledCompactRevision: 90,
        finishedCompactRevision: 80,
        clusterVersion: "3.6.0",
        downgrade: { enabled: true, targetVersion: "3.5.0" },
        members: [LEARNER, MEMBER],
        removedMembers: [5n, LARGE_ID - 1n],
        leases: [{ id: 1n, ttlSeconds: 5, remainingTtlSeconds: 0 }, LEASE],
        alarms: [AlarmMember.create({ memberId: 1n, alarm: AlarmType.CORRUPT }), ALARM],
      }));
  }));

Deno.test("BackendBatch writes etcd's own bytes", () =>
  withState((file) => {
    const contents = contentsOf(file);
    const hex = (bucket: string): Record<string, string> =>
      Object.fromEntries(
        [...contents.get(bucket) ?? []].map((
          [key, value],
        ) => [bytesFromLatin1(key).toHex(), bytesFromLatin1(value).toHex()]),
      );
    // As etcd 3.4.23 wrote the alarm of a member 77.
    assert.deepEqual(hex(Bucket.ALARM), { "08011002": "", "084d1001": "" });
    assert.deepEqual(hex(Bucket.LEASE), {
      "0000000000000001": "08011005",
      "7fffffffffffffff": "08ffffffffffffffff7f103c1811",
    });
    const meta = contents.get(Bucket.META);
    assert.equal(
      meta?.get("confState"),
      '{"voters":[18364758544493064720],"learners":[7],"auto_leave":false}',
    );
    assert.equal(meta?.get("consistent_index"), "\0\0\0\0\0\0\x12\x67");
    assert.equal(meta?.get("scheduledCompactRev"), "\0\0\0\0\0\0\0\x5a_\0\0\0\0\0\0\0\0");
    assert.deepEqual([...contents.get(Bucket.MEMBERS_REMOVED) ?? []], [
      ["5", "removed"],
      ["fedcba987654320f", "removed"],
    ]);
    assert.equal(
      contents.get(Bucket.CLUSTER)?.get("downgrade"),
      '{"target-version":"3.5.0","enabled":true}',
    );
    assert.equal(
      contents.get(Bucket.MEMBERS)?.get("7"),
      '{"id":7,"peerURLs":["http://10.0.0.1:2380"],"isLearner":true}',
    );
  }));

Deno.test("BackendBatch takes out what is gone", () =>
  withState(async (file) => {
    await commitBatch(file, (batch) => {
      batch.deleteLease(LEASE.id);
      batch.deleteLease(4711n);
      batch.replaceAlarms([ALARM]);
      batch.replaceMembers([{ ...MEMBER, name: "renamed" }], [5n]);
      batch.setStorageVersion(undefined);
    });
    const state = await withRead(file, readStoredState);
    assert.deepEqual(state.leases.map(({ id }) => id), [1n]);
    assert.deepEqual(state.alarms, [ALARM]);
    assert.deepEqual(state.members, [{ ...MEMBER, name: "renamed" }]);
    assert.deepEqual(state.removedMembers, [5n]);
    assert.equal(state.storageVersion, undefined);
    assert.equal(state.consistentIndex, 4711);
    await commitBatch(file, (batch) => batch.replaceAlarms([]));
    assert.deepEqual((await withRead(file, readStoredState)).alarms, []);
  }));

Deno.test("BackendBatch.rollback() leaves the file as it was", () =>
  withState(async (file) => {
    const before = contentsOf(file);
    rollBackBatch(file);
    assert.deepEqual(contentsOf(file), before);
    await commitBatch(file, () => {});
  }));

Deno.test("readStoredState() reads what Go writes in other words", () =>
  withState(async (file) => {
    await putRaw(
      file,
      Bucket.META,
      "confState",
      bytesFromText('{"auto_leave":true,"voters":[1],"learners":null}'),
    );
    await putRaw(file, Bucket.META, "from a later version", bytesFromText("?"));
    await putRaw(file, Bucket.CLUSTER, "downgrade", bytesFromText('{"enabled":false}'));
    const state = await withRead(file, readStoredState);
    assert.deepEqual(state.confState, ConfState.create({ voters: [1n], autoLeave: true }));
    assert.deepEqual(state.downgrade, { enabled: false, targetVersion: "" });
  }));

const BAD_PAIRS: readonly (readonly [string, string, string, RegExp])[] = [
  [Bucket.META, "consistent_index", "\0", /"consistent_index" in the bucket meta .*1 bytes/],
  [Bucket.META, "term", "\xff".repeat(8), /"term" in the bucket meta .*too large/],
  [Bucket.META, "confState", "{", /"confState"/],
  [Bucket.CLUSTER, "downgrade", "[]", /"downgrade" in the bucket cluster .*not a JSON object/],
  [Bucket.CLUSTER, "downgrade", '{"enabled":true}', /"downgrade" .*not a version of etcd 3/],
  [Bucket.META, "confState", "[1]", /"confState" .*not a JSON object/],
  [Bucket.META, "confState", '{"voters":["1"]}', /"confState" .*not a number/],
  [Bucket.META, "confState", '{"voters":[-1]}', /"confState" .*not a number/],
  [Bucket.META, "confState", '{"voters":7}', /"confState" .*no list/],
  [Bucket.META, "storageVersion", "\x80", /"storageVersion" .*not a version/],
  [Bucket.META, "scheduledCompactRev", "x".repeat(17), /"scheduledCompactRev" .*not a revision/],
  [Bucket.META, "finishedCompactRev", "x", /"finishedCompactRev" .*1 bytes/],
  [Bucket.CLUSTER, "clusterVersion", "", /"clusterVersion" in the bucket cluster/],
  [Bucket.MEMBERS, "8", '{"id":9,"peerURLs":[]}', /"8" in the bucket members .*member 9/],
  [Bucket.MEMBERS, "8", "null", /"8" in the bucket members/],
  [Bucket.MEMBERS_REMOVED, "x8", "removed", /"x8" in the bucket members_removed/],
  [Bucket.LEASE, "\0", "", /0x00 in the bucket lease .*1 bytes/],
  [Bucket.LEASE, "\0\0\0\0\0\0\0\x03", "\x08\x04", /0x0000000000000003 .*lease 4/],
  [Bucket.LEASE, "\0\0\0\0\0\0\0\x03", "\x08", /0x0000000000000003 in the bucket lease/],
  [
    Bucket.LEASE,
    "\0\0\0\0\0\0\0\x03",
    "\x08\x03\x10" + "\xff".repeat(8) + "\x7f",
    /0x0000000000000003 in the bucket lease/,
  ],
  [Bucket.ALARM, "\x08", "", /0x08 in the bucket alarm/],
];

Deno.test("readStoredState() names file, bucket and key of what etcd cannot have written", async () => {
  for (const [bucket, key, value, expected] of BAD_PAIRS) {
    await withState(async (file) => {
      await putRaw(file, bucket, key, bytesFromLatin1(value));
      const error = await withRead(file, (read) => damageIn(() => readStoredState(read)));
      assert.match(error.message, expected);
    });
  }
});

Deno.test("readStoredState() says where on its page damage is", () =>
  withState(async (file) => {
    const write = file.beginWrite();
    const lease = write.createBucketIfMissing(Bucket.LEASE);
    for (let id = 1; id < 200; id++) lease.put(bytesFromLatin1(`bad ${id}`), new Uint8Array(8));
    await write.commit();
    const error = await withRead(file, (read) => damageIn(() => readStoredState(read)));
    const key = new Uint8Array(5);
    const disk = await withRead(file, (read) => {
      read.readImage(key, 0, key.length, error.offset ?? 0);
      return key;
    });
    assert.equal(latin1FromBytes(disk), "bad 1");
  }));

Deno.test("readStoredState() finds the damage or reads on, whatever bits of the file flip", async () => {
  const prng = new Prng(1);
  const fileSystem = newDisk();
  const made = await openFile(fileSystem);
  await writeState(made);
  await made.close();
  const disk = fileSystem.open(PATH, "write");
  let damaged = 0;
  for (let round = 0; round < 500; round++) {
    const at = prng.between(2 * 1024, disk.size() - 1);
    const before = new Uint8Array(1);
    disk.readAt(before, 0, 1, at);
    disk.writeAt(before.map((byte) => byte ^ (1 << prng.between(0, 7))), 0, 1, at);
    const file = await openFile(fileSystem, { readOnly: true });
    await withRead(file, (read) => {
      try {
        readStoredState(read);
      } catch (error) {
        damaged++;
        damageIn(() => {
          throw error;
        });
      }
    });
    await file.close();
    disk.writeAt(before, 0, 1, at);
  }
  disk.close();
  assert.ok(damaged > 50, `${damaged} times damage was found`);
});
