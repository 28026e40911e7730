import assert from "node:assert/strict";
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { Permission, PermissionType } from "../../pb/authpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { AuthStore } from "./auth_store.ts";
import { NOBODY, Requester } from "./requester.ts";

const HASH = Uint8Array.of(1, 2, 3);

function addUser(store: AuthStore, name: string, noPassword = false): void {
  store.addUser({ name, passwordHash: HASH, noPassword });
}

/** With root, and a user who may read `r` and write `w`. */
function enabledStore(): AuthStore {
  const store = new AuthStore();
  for (const name of ["root", "user"]) addUser(store, name);
  store.grantRole("root", "root");
  store.addRole("role");
  store.grantRole("user", "role");
  store.grantPermission("role", Permission.create({ permType: PermissionType.READ, key: "r" }));
  store.grantPermission("role", Permission.create({ permType: PermissionType.WRITE, key: "w" }));
  store.enable();
  return store;
}

Deno.test("AuthStore lets everybody do everything as long as it is off", () => {
  const store = new AuthStore();
  assert.equal(store.rightsOf(NOBODY), undefined);
  store.checkRead(NOBODY, "a", "\0");
  store.checkWrite(NOBODY, "a", "");
  store.checkRoot(NOBODY);
  assert.ok(store.isRoot(NOBODY));
  assert.throws(() => store.checkAuthenticated("root"), ETCD_ERRORS.authNotEnabled);
});

Deno.test("AuthStore knows nobody, who is late, and who is not there", () => {
  const store = enabledStore();
  const { revision } = store;
  assert.throws(() => store.checkRead(NOBODY, "r", ""), ETCD_ERRORS.userEmpty);
  const late = new Requester("user", revision - 1);
  assert.throws(() => store.checkRead(late, "r", ""), ETCD_ERRORS.authOldRevision);
  const gone = new Requester("gone", revision);
  assert.throws(() => store.checkRead(gone, "r", ""), ETCD_ERRORS.permissionDenied);
  assert.throws(() => store.checkRoot(NOBODY), ETCD_ERRORS.userEmpty);
  assert.throws(() => store.checkRoot(gone), ETCD_ERRORS.userNotFound);
  assert.throws(
    () => store.checkRoot(new Requester("user", revision)),
    ETCD_ERRORS.permissionDenied,
  );
  // Whoever administrates may have changed something a moment ago.
  store.checkRoot(new Requester("root", revision - 1));
});

Deno.test("AuthStore tells reading from writing", () => {
  const store = enabledStore();
  const user = new Requester("user", store.revision);
  store.checkRead(user, "r", "");
  store.checkWrite(user, "w", "");
  assert.throws(() => store.checkRead(user, "w", ""), ETCD_ERRORS.permissionDenied);
  assert.throws(() => store.checkWrite(user, "r", ""), ETCD_ERRORS.permissionDenied);
  assert.equal(store.rightsOf(new Requester("root", store.revision)), undefined);
});

Deno.test("AuthStore sees a change of rights at the next revision, and not the old ones any more", () => {
  const store = enabledStore();
  store.checkRead(new Requester("user", store.revision), "r", "");
  store.revokePermission("role", "r", "");
  const user = new Requester("user", store.revision);
  assert.throws(() => store.checkRead(user, "r", ""), ETCD_ERRORS.permissionDenied);
  store.deleteRole("role");
  assert.deepEqual(store.rolesOf("user"), []);
  store.grantRole("user", "root");
  assert.ok(store.isRoot(new Requester("user", store.revision)));
});

Deno.test("AuthStore changes nothing when it refuses", () => {
  const store = enabledStore();
  store.takeChanges();
  const { revision } = store;
  const refused: [() => void, Error][] = [
    [() => addUser(store, "user"), ETCD_ERRORS.userAlreadyExist],
    [() => addUser(store, ""), ETCD_ERRORS.userEmpty],
    [() => store.deleteUser("root"), ETCD_ERRORS.invalidAuthMgmt],
    [() => store.deleteUser("none"), ETCD_ERRORS.userNotFound],
    [() => store.changePassword("none", () => HASH), ETCD_ERRORS.userNotFound],
    [() => store.grantRole("user", "none"), ETCD_ERRORS.roleNotFound],
    [() => store.grantRole("none", "role"), ETCD_ERRORS.userNotFound],
    [() => store.revokeRole("root", "root"), ETCD_ERRORS.invalidAuthMgmt],
    [() => store.revokeRole("root", "role"), ETCD_ERRORS.roleNotGranted],
    [() => store.addRole("role"), ETCD_ERRORS.roleAlreadyExist],
    [() => store.addRole(""), ETCD_ERRORS.roleEmpty],
    [() => store.deleteRole("root"), ETCD_ERRORS.invalidAuthMgmt],
    [() => store.deleteRole("none"), ETCD_ERRORS.roleNotFound],
    [() => store.grantPermission("role", undefined), ETCD_ERRORS.permissionNotGiven],
    [() => store.grantPermission("role", Permission.create()), ETCD_ERRORS.invalidAuthMgmt],
    [() => store.revokePermission("role", "x", ""), ETCD_ERRORS.permissionNotGranted],
    [() => store.permissionsOf("none"), ETCD_ERRORS.roleNotFound],
  ];
  for (const [change, error] of refused) assert.throws(change, error);
  assert.equal(store.revision, revision);
  assert.equal(store.takeChanges(), undefined);
});

Deno.test("AuthStore tells what has changed, once", () => {
  const store = new AuthStore();
  assert.equal(store.takeChanges(), undefined);
  addUser(store, "a");
  addUser(store, "b", true);
  store.deleteUser("a");
  store.addRole("r");
  assert.deepEqual(store.takeChanges(), {
    enabled: undefined,
    revision: 5,
    users: [{ name: "b", passwordHash: HASH, roles: [], options: { noPassword: true } }],
    goneUsers: ["a"],
    roles: [{ name: "r", permissions: [] }],
    goneRoles: [],
  });
  assert.equal(store.takeChanges(), undefined);
});

Deno.test("AuthStore stores that it was enabled, and disabled, and is the same when it is restored", () => {
  const store = enabledStore();
  const stored = store.takeChanges();
  assert.equal(stored?.enabled, true);
  const restored = new AuthStore();
  restored.restore(stored);
  assert.deepEqual([restored.enabled, restored.revision], [true, store.revision]);
  assert.equal(restored.takeChanges(), undefined);
  restored.checkRead(new Requester("user", restored.revision), "r", "");
  store.disable();
  const changes = store.takeChanges();
  assert.deepEqual([changes?.enabled, changes?.revision, changes?.users], [
    false,
    store.revision,
    [],
  ]);
  store.disable();
  assert.equal(store.takeChanges(), undefined);
});

Deno.test("AuthStore keeps a user without a password without one", () => {
  const store = enabledStore();
  addUser(store, "certified", true);
  assert.throws(() => store.checkAuthenticated("certified"), ETCD_ERRORS.authFailed);
  assert.throws(() => store.checkAuthenticated("none"), ETCD_ERRORS.authFailed);
  store.checkAuthenticated("user");
  store.changePassword("certified", () => HASH);
  assert.deepEqual(store.user("certified")?.passwordHash, EMPTY_BYTES);
});

/** A permission that counts how often its key is looked at. */
class CountedPermission implements Permission {
  static looks = 0;
  readonly permType = PermissionType.READWRITE;
  readonly rangeEnd = "";
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  get key(): string {
    CountedPermission.looks++;
    return this.#key;
  }
}

Deno.test("AuthStore does not look at all that a role allows whenever something changes", () => {
  const store = enabledStore();
  const names = Array.from({ length: 5_000 }, (_, i) => `k${String(i).padStart(5, "0")}`);
  for (const name of names) store.grantPermission("role", new CountedPermission(name));
  /** Of the change, and of the first look at the rights behind it. */
  const looksOf = (change: () => void): number => {
    CountedPermission.looks = 0;
    change();
    store.checkRead(new Requester("user", store.revision), "k00007", "");
    return CountedPermission.looks;
  };
  const few = 200;
  assert.equal(looksOf(() => addUser(store, "a")), 0);
  assert.equal(looksOf(() => store.grantRole("a", "role")), 0);
  const granted = new CountedPermission("k00009\0");
  assert.ok(looksOf(() => store.grantPermission("role", granted)) < few);
  store.checkWrite(new Requester("user", store.revision), "k00009", "k00009\0\0");
  store.revokePermission("role", "k00007", "");
  const requester = new Requester("user", store.revision);
  assert.throws(() => store.checkRead(requester, "k00007", ""), ETCD_ERRORS.permissionDenied);
  store.checkRead(requester, "k00008", "");
});
