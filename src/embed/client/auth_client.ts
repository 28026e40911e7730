import { Permission, PermissionType } from "../../pb/authpb.ts";
import {
  AuthDisableRequest,
  AuthEnableRequest,
  AuthRoleAddRequest,
  AuthRoleDeleteRequest,
  AuthRoleGetRequest,
  AuthRoleGetResponse,
  AuthRoleGrantPermissionRequest,
  AuthRoleListRequest,
  AuthRoleListResponse,
  AuthRoleRevokePermissionRequest,
  AuthStatusRequest,
  AuthStatusResponse,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserDeleteRequest,
  AuthUserGetRequest,
  AuthUserGetResponse,
  AuthUserGrantRoleRequest,
  AuthUserListRequest,
  AuthUserListResponse,
  AuthUserRevokeRoleRequest,
} from "../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../pb/services.ts";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { type BytesLike, type KeyRange, toRange } from "./kv/keys.ts";
import { type ClientSession, readCall } from "./client_session.ts";
import type { CallOptions } from "./transport/transport.ts";

/** What a role may do with keys. */
export type Access = "read" | "write" | "readwrite";

/** Keys that a role may use. */
export interface RolePermission {
  /** What it may do with them. */
  readonly access: Access;
  /** The key, or the first key of the range. */
  readonly key: Uint8Array;
  /**
   * The first key behind the range; empty for one key alone, a single zero byte for all keys to
   * the very end.
   */
  readonly rangeEnd: Uint8Array;
}

/** Whether the server has authentication. */
export interface AuthStatus {
  /** Whether it asks who calls. */
  readonly enabled: boolean;
  /** Grows with every change of users and roles. */
  readonly authRevision: number;
}

/** How a user is added. */
export interface AddUserOptions extends CallOptions {
  /**
   * The user's password. Without it the user can only come in with a client certificate whose
   * common name is the user's.
   */
  readonly password?: string;
}

const ACCESS_TYPES: Readonly<Record<Access, number>> = {
  read: PermissionType.READ,
  write: PermissionType.WRITE,
  readwrite: PermissionType.READWRITE,
};

/**
 * Users and roles of a server, and whether it asks who calls; see {@linkcode Client.auth}. All
 * methods reject with a {@linkcode ClientError}. While authentication is enabled they need a user
 * with the role `root`, otherwise they reject with PermissionDenied; users may always read
 * themselves and their own roles.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using admin = etcd.client({ user: "root", password: "secret" });
 *
 * await admin.auth.addUser("root", { password: "secret" });
 * await admin.auth.addRole("root");
 * await admin.auth.grantRole("root", "root");
 * await admin.auth.addUser("ada", { password: "lovelace" });
 * await admin.auth.addRole("users");
 * await admin.auth.grantPermission("users", "readwrite", "users/", { prefix: true });
 * await admin.auth.grantRole("ada", "users");
 * await admin.auth.enable();
 *
 * await using ada = etcd.client({ user: "ada", password: "lovelace" });
 * await ada.put("users/ada", "hello");
 * ```
 */
export class AuthClient {
  readonly #session: ClientSession;

  /** Use {@linkcode Client.auth}. */
  constructor(session: ClientSession) {
    this.#session = session;
  }

  /**
   * Has the server ask from now on who calls. Rejects with FailedPrecondition unless there is a
   * user `root` with the role `root`.
   */
  async enable(options: CallOptions = {}): Promise<void> {
    await this.#change("authEnable", AuthEnableRequest.encode({}), options);
  }

  /** Has the server let everybody in again; users and roles stay. */
  async disable(options: CallOptions = {}): Promise<void> {
    await this.#change("authDisable", AuthDisableRequest.encode({}), options);
  }

  /** Whether the server asks who calls. */
  async status(options: CallOptions = {}): Promise<AuthStatus> {
    const bytes = await this.#read("authStatus", AuthStatusRequest.encode({}), options);
    const { enabled, authRevision } = AuthStatusResponse.decode(bytes);
    return { enabled, authRevision };
  }

  /**
   * Adds a user, with no roles yet. Rejects with FailedPrecondition when there is one of that name
   * and with InvalidArgument when the name is empty.
   */
  async addUser(name: string, options: AddUserOptions = {}): Promise<void> {
    const { password = "" } = options;
    const request = AuthUserAddRequest.create({
      name,
      password,
      options: { noPassword: options.password === undefined },
    });
    await this.#change("userAdd", AuthUserAddRequest.encode(request), options);
  }

  /**
   * Deletes a user and ends its tokens. Rejects with FailedPrecondition when there is none of that
   * name, and with InvalidArgument for `root` while authentication is enabled.
   */
  async deleteUser(name: string, options: CallOptions = {}): Promise<void> {
    await this.#change("userDelete", AuthUserDeleteRequest.encode({ name }), options);
  }

  /** The names of all users. */
  async users(options: CallOptions = {}): Promise<string[]> {
    const bytes = await this.#read("userList", AuthUserListRequest.encode({}), options);
    return AuthUserListResponse.decode(bytes).users;
  }

  /** The roles of a user. Rejects with FailedPrecondition when there is none of that name. */
  async userRoles(name: string, options: CallOptions = {}): Promise<string[]> {
    const bytes = await this.#read("userGet", AuthUserGetRequest.encode({ name }), options);
    return AuthUserGetResponse.decode(bytes).roles;
  }

  /**
   * Gives a user another password, which ends the tokens of the old one. Rejects with
   * FailedPrecondition when there is none of that name.
   */
  async changePassword(name: string, password: string, options: CallOptions = {}): Promise<void> {
    const request = AuthUserChangePasswordRequest.create({ name, password });
    const encoded = AuthUserChangePasswordRequest.encode(request);
    await this.#change("userChangePassword", encoded, options);
  }

  /** Gives a user a role. Rejects with FailedPrecondition when either is not there. */
  async grantRole(user: string, role: string, options: CallOptions = {}): Promise<void> {
    await this.#change("userGrantRole", AuthUserGrantRoleRequest.encode({ user, role }), options);
  }

  /** Takes a role from a user. Rejects with FailedPrecondition when the user does not have it. */
  async revokeRole(user: string, role: string, options: CallOptions = {}): Promise<void> {
    const request = AuthUserRevokeRoleRequest.encode({ name: user, role });
    await this.#change("userRevokeRole", request, options);
  }

  /**
   * Adds a role that may do nothing yet. Rejects with FailedPrecondition when there is one of that
   * name and with InvalidArgument when the name is empty.
   */
  async addRole(name: string, options: CallOptions = {}): Promise<void> {
    await this.#change("roleAdd", AuthRoleAddRequest.encode({ name }), options);
  }

  /**
   * Deletes a role and takes it from all users. Rejects with FailedPrecondition when there is none of
   * that name, and with InvalidArgument for `root` while authentication is enabled.
   */
  async deleteRole(role: string, options: CallOptions = {}): Promise<void> {
    await this.#change("roleDelete", AuthRoleDeleteRequest.encode({ role }), options);
  }

  /** The names of all roles. */
  async roles(options: CallOptions = {}): Promise<string[]> {
    const bytes = await this.#read("roleList", AuthRoleListRequest.encode({}), options);
    return AuthRoleListResponse.decode(bytes).roles;
  }

  /** What a role may do. Rejects with FailedPrecondition when there is none of that name. */
  async rolePermissions(role: string, options: CallOptions = {}): Promise<RolePermission[]> {
    const bytes = await this.#read("roleGet", AuthRoleGetRequest.encode({ role }), options);
    return AuthRoleGetResponse.decode(bytes).perm.map(permissionOf);
  }

  /**
   * Lets a role use a key or a range of keys. Another grant of the very same range replaces what
   * was granted before. Rejects with FailedPrecondition when there is no such role.
   */
  async grantPermission(
    role: string,
    access: Access,
    key: BytesLike,
    options: KeyRange & CallOptions = {},
  ): Promise<void> {
    const perm = Permission.create({ permType: ACCESS_TYPES[access], ...toRange(key, options) });
    const request = AuthRoleGrantPermissionRequest.encode({ name: role, perm });
    await this.#change("roleGrantPermission", request, options);
  }

  /**
   * Takes a key or a range of keys from a role. Rejects with FailedPrecondition when this range, as
   * it stands, was not granted.
   */
  async revokePermission(
    role: string,
    key: BytesLike,
    options: KeyRange & CallOptions = {},
  ): Promise<void> {
    const request = AuthRoleRevokePermissionRequest.encode({ role, ...toRange(key, options) });
    await this.#change("roleRevokePermission", request, options);
  }

  #read(
    method: keyof typeof AUTH_SERVICE,
    request: Uint8Array,
    options: CallOptions,
  ): Promise<Uint8Array> {
    return readCall(this.#session, AUTH_SERVICE[method].path, request, options);
  }

  async #change(
    method: keyof typeof AUTH_SERVICE,
    request: Uint8Array,
    options: CallOptions,
  ): Promise<void> {
    await this.#session.transport.unary(AUTH_SERVICE[method].path, request, options);
  }
}

function permissionOf({ permType, key, rangeEnd }: Permission): RolePermission {
  return {
    access: accessOf(permType),
    key: bytesFromLatin1(key),
    rangeEnd: bytesFromLatin1(rangeEnd),
  };
}

function accessOf(type: number): Access {
  if (type === PermissionType.READ) return "read";
  return type === PermissionType.WRITE ? "write" : "readwrite";
}
