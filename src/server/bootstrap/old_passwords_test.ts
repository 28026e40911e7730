import assert from "node:assert/strict";
import { bytesFromText } from "../../base/bytes.ts";
import {
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  InternalRaftRequest,
  PutRequest,
  RequestHeader,
} from "../../pb/etcdserverpb.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import { type Entry, EntryType } from "../../pb/raftpb.ts";
import { newPasswordHasher } from "../auth/new_password_hasher.ts";
import { keptPassword } from "../auth/password_hasher.ts";
import { passwordHashOf } from "../operations/password_hash.ts";
import { testConfig } from "../testing/server_fixtures.ts";
import { hashOldPasswords } from "./old_passwords.ts";

function entry(index: number, fields: Partial<InternalRaftRequest>): Entry {
  const header = RequestHeader.create({ id: 7n, username: "root", authRevision: 3 });
  const data = InternalRaftRequest.encode(InternalRaftRequest.create({ header, ...fields }));
  return { index, term: 1, type: EntryType.EntryNormal, data };
}

function requestOf({ data }: Entry): InternalRaftRequest {
  return InternalRaftRequest.decode(data ?? new Uint8Array(0));
}

const added = (password: string, hashedPassword = "") =>
  AuthUserAddRequest.create({ name: "a", password, hashedPassword });

Deno.test("hashOldPasswords() gives what etcd 3.4 logged its hash, and leaves the rest alone", async () => {
  const config = testConfig(undefined);
  const changed = AuthUserChangePasswordRequest.create({ name: "a", password: "new" });
  const entries = [
    entry(4, { authUserAdd: added("applied") }),
    entry(5, { authUserAdd: added("old") }),
    entry(6, { authUserChangePassword: changed }),
    entry(7, { authUserAdd: added("", bytesFromText("hash").toBase64()) }),
    entry(8, { authUserAdd: added("both", bytesFromText("hash").toBase64()) }),
    entry(9, { put: PutRequest.create({ key: "k" }) }),
    { index: 10, term: 1, type: EntryType.EntryNormal, data: undefined },
  ];
  const before = entries.map(({ data }) => data);
  await hashOldPasswords(entries, 4, config);
  const isChanged = entries.map(({ data }, i) => data !== before[i]);
  assert.deepEqual(isChanged, [false, true, true, false, false, false, false]);

  const hasher = newPasswordHasher(config);
  const [, add, change] = entries.map(requestOf);
  for (
    const [logged, password] of [[add.authUserAdd, "old"], [
      change.authUserChangePassword,
      "new",
    ]] as const
  ) {
    assert.ok(logged !== undefined);
    assert.equal(logged.name, "a");
    const call = { remote: LOCAL_END, finished: false, onCancel: undefined };
    assert.ok(await hasher.matches(keptPassword(password), passwordHashOf(logged), call));
  }
  assert.deepEqual(add.header, requestOf(entries[0]).header);
  hasher.close();
});
