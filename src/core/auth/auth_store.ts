import { compareTexts } from "../../base/text_order.ts";
import type { Permission } from "../../pb/authpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { AuthChangeLog, type AuthChanges, type StoredAuth } from "./auth_changes.ts";
import { isGrantable } from "./key_ranges.ts";
import type { Requester } from "./requester.ts";
import { type AuthRole, ROOT_PERMISSION, withoutPermission, withPermission } from "./role.ts";
import { RoleRights } from "./role_rights.ts";
import { type AuthUser, hasNoPassword, hasRootRole, ROOT, withoutRole, withRole } from "./user.ts";
import { UserRights } from "./user_rights.ts";

/** What a new user is like. */
interface NewUser {
  readonly name: string;
  readonly passwordHash: Uint8Array;
  readonly noPassword: boolean;
}

/**
 * Users, roles, and what they may do. Every change comes from the log and is the same on every
 * member; what is refused throws an EtcdError and changes nothing.
 */
export class AuthStore {
  readonly #users = new Map<string, AuthUser>();
  readonly #roles = new Map<string, AuthRole>();
  readonly #changes = new AuthChangeLog();
  /** What users may do at the present revision, as far as somebody asked. */
  readonly #rights = new Map<string, UserRights>();
  /** What the roles allow, each; kept from revision to revision. */
  readonly #roleRights = new Map<string, RoleRights>();
  /** Undefined as long as nobody ever enabled it. */
  #enabled: boolean | undefined;
  #revision = 1;

  /** Whether who asks has to say who they are. */
  get enabled(): boolean {
    return this.#enabled === true;
  }

  /** Counts the changes; a store that nobody has changed is at 1. */
  get revision(): number {
    return this.#revision;
  }

  /** Puts back what was stored; to be called on a store that nobody has changed. */
  restore({ enabled, revision, users, roles }: StoredAuth): void {
    this.#enabled = enabled;
    this.#revision = Math.max(this.#revision, revision);
    for (const user of users) this.#users.set(user.name, user);
    for (const role of roles) {
      this.#roles.set(role.name, role);
      this.#roleRights.set(role.name, RoleRights.of(role));
    }
  }

  /** What has changed since the last call, undefined if nothing has. Whoever calls it stores it. */
  takeChanges(): AuthChanges | undefined {
    return this.#changes.take(this.#enabled, this.#revision, this.#users, this.#roles);
  }

  /** Harmless if it is enabled already. */
  enable(): void {
    if (this.enabled) return;
    const root = this.#users.get(ROOT);
    if (root === undefined) throw ETCD_ERRORS.rootUserNotExist;
    if (!hasRootRole(root)) throw ETCD_ERRORS.rootRoleNotExist;
    this.#enabled = true;
    this.#changes.note();
  }

  /** Harmless if it is disabled already. */
  disable(): void {
    if (!this.enabled) return;
    this.#enabled = false;
    this.#changed();
  }

  user(name: string): AuthUser | undefined {
    return this.#users.get(name);
  }

  /** The names of all users, sorted. */
  userNames(): string[] {
    return [...this.#users.keys()].sort(compareTexts);
  }

  /** Throws unless somebody of that name may come in by a password. */
  checkAuthenticated(name: string): void {
    if (!this.enabled) throw ETCD_ERRORS.authNotEnabled;
    const user = this.#users.get(name);
    if (user === undefined || hasNoPassword(user)) throw ETCD_ERRORS.authFailed;
  }

  addUser({ name, passwordHash, noPassword }: NewUser): void {
    if (name === "") throw ETCD_ERRORS.userEmpty;
    if (this.#users.has(name)) throw ETCD_ERRORS.userAlreadyExist;
    this.#setUser({ name, passwordHash, roles: [], options: { noPassword } });
    this.#changed();
  }

  deleteUser(name: string): void {
    if (this.enabled && name === ROOT) throw ETCD_ERRORS.invalidAuthMgmt;
    this.#requireUser(name);
    this.#users.delete(name);
    this.#changes.noteUser(name);
    this.#changed();
  }

  /** The password of a user who has none stays none; then nobody asks for the hash. */
  changePassword(name: string, newHash: () => Uint8Array): void {
    const user = this.#requireUser(name);
    const passwordHash = hasNoPassword(user) ? new Uint8Array(0) : newHash();
    this.#setUser({ ...user, passwordHash });
    this.#changed();
  }

  /** The role root need not be there. Harmless if the user has the role. */
  grantRole(username: string, role: string): void {
    const user = this.#requireUser(username);
    if (role !== ROOT) this.#requireRole(role);
    if (user.roles.includes(role)) return;
    this.#setUser(withRole(user, role));
    this.#changed();
  }

  revokeRole(username: string, role: string): void {
    if (this.enabled && username === ROOT && role === ROOT) throw ETCD_ERRORS.invalidAuthMgmt;
    const user = this.#requireUser(username);
    const changed = withoutRole(user, role);
    if (changed === user) throw ETCD_ERRORS.roleNotGranted;
    this.#setUser(changed);
    this.#changed();
  }

  /** The names of a user's roles, sorted. */
  rolesOf(username: string): readonly string[] {
    return this.#requireUser(username).roles;
  }

  /** False as well if there is no such user. */
  hasRole(username: string, role: string): boolean {
    return this.#users.get(username)?.roles.includes(role) === true;
  }

  /** The names of all roles, sorted. */
  roleNames(): string[] {
    return [...this.#roles.keys()].sort(compareTexts);
  }

  /** What a role allows, as etcd tells it. */
  permissionsOf(role: string): readonly Permission[] {
    const { permissions } = this.#requireRole(role);
    return role === ROOT ? [ROOT_PERMISSION] : permissions;
  }

  addRole(name: string): void {
    if (name === "") throw ETCD_ERRORS.roleEmpty;
    if (this.#roles.has(name)) throw ETCD_ERRORS.roleAlreadyExist;
    const role: AuthRole = { name, permissions: [] };
    this.#setRole(role, RoleRights.of(role));
    this.#changed();
  }

  /** Takes the role from all its users as well. */
  deleteRole(name: string): void {
    if (this.enabled && name === ROOT) throw ETCD_ERRORS.invalidAuthMgmt;
    this.#requireRole(name);
    this.#roles.delete(name);
    this.#roleRights.delete(name);
    this.#changes.noteRole(name);
    for (const user of this.#users.values()) {
      const changed = withoutRole(user, name);
      if (changed !== user) this.#setUser(changed);
    }
    this.#changed();
  }

  grantPermission(role: string, permission: Permission | undefined): void {
    if (permission === undefined) throw ETCD_ERRORS.permissionNotGiven;
    if (!isGrantable(permission.key, permission.rangeEnd)) throw ETCD_ERRORS.invalidAuthMgmt;
    this.#changePermission(withPermission(this.#requireRole(role), permission), permission);
  }

  revokePermission(roleName: string, key: string, rangeEnd: string): void {
    const role = this.#requireRole(roleName);
    const changed = withoutPermission(role, key, rangeEnd);
    if (changed === role) throw ETCD_ERRORS.permissionNotGranted;
    this.#changePermission(changed, { key, rangeEnd });
  }

  /**
   * What the requester may do with keys; undefined if everything, as everybody while authentication
   * is off. Throws if that cannot be said of this requester.
   */
  rightsOf(requester: Requester): UserRights | undefined {
    if (!this.enabled) return undefined;
    if (requester.authRevision === 0) throw ETCD_ERRORS.userEmpty;
    if (requester.authRevision < this.#revision) throw ETCD_ERRORS.authOldRevision;
    const rights = this.#rightsOfUser(requester.username);
    if (rights === undefined) throw ETCD_ERRORS.permissionDenied;
    return rights.isRoot ? undefined : rights;
  }

  /** Throws if the requester may not read all keys of a range. */
  checkRead(requester: Requester, key: string, rangeEnd: string): void {
    const rights = this.rightsOf(requester);
    if (rights?.mayRead(key, rangeEnd) === false) throw ETCD_ERRORS.permissionDenied;
  }

  /** Throws if the requester may not write all keys of a range. */
  checkWrite(requester: Requester, key: string, rangeEnd: string): void {
    const rights = this.rightsOf(requester);
    if (rights?.mayWrite(key, rangeEnd) === false) throw ETCD_ERRORS.permissionDenied;
  }

  /**
   * Throws unless the requester is known as of this very revision. As in etcd, who reads without the
   * log has to be: a token from behind a change that is not known here tells of other rights.
   */
  checkPresent({ authRevision }: Requester): void {
    const isNobody = authRevision === 0;
    if (!isNobody && authRevision !== this.#revision) throw ETCD_ERRORS.authOldRevision;
  }

  /** Throws if the requester may not administrate. As in etcd, an old auth revision does not matter. */
  checkRoot({ username }: Requester): void {
    if (!this.enabled) return;
    if (username === "") throw ETCD_ERRORS.userEmpty;
    const rights = this.#rightsOfUser(username);
    if (rights === undefined) throw ETCD_ERRORS.userNotFound;
    if (!rights.isRoot) throw ETCD_ERRORS.permissionDenied;
  }

  /** Whether `checkRoot` would let the requester pass. */
  isRoot({ username }: Requester): boolean {
    return !this.enabled || this.#rightsOfUser(username)?.isRoot === true;
  }

  #rightsOfUser(name: string): UserRights | undefined {
    const known = this.#rights.get(name);
    if (known !== undefined) return known;
    const user = this.#users.get(name);
    if (user === undefined) return undefined;
    // The role root need not be there.
    const rights = new UserRights(
      user,
      user.roles.flatMap((role) => {
        return this.#roleRights.get(role) ?? [];
      }),
    );
    this.#rights.set(name, rights);
    return rights;
  }

  /** The role is as before but for what it says of these very keys. */
  #changePermission(role: AuthRole, { key, rangeEnd }: Pick<Permission, "key" | "rangeEnd">): void {
    const rights = this.#roleRights.get(role.name) ?? RoleRights.of(role);
    this.#setRole(role, rights.changed(role, key, rangeEnd));
    this.#changed();
  }

  #requireUser(name: string): AuthUser {
    const user = this.#users.get(name);
    if (user === undefined) throw ETCD_ERRORS.userNotFound;
    return user;
  }

  #requireRole(name: string): AuthRole {
    const role = this.#roles.get(name);
    if (role === undefined) throw ETCD_ERRORS.roleNotFound;
    return role;
  }

  #setUser(user: AuthUser): void {
    this.#users.set(user.name, user);
    this.#changes.noteUser(user.name);
  }

  #setRole(role: AuthRole, rights: RoleRights): void {
    this.#roles.set(role.name, role);
    this.#roleRights.set(role.name, rights);
    this.#changes.noteRole(role.name);
  }

  #changed(): void {
    this.#revision++;
    this.#rights.clear();
    this.#changes.note();
  }
}
