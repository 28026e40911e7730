import type { AuthUserGetResponse } from "../../src/pb/etcdserverpb.ts";
import { Permission, PermissionType, UserAddOptions } from "../../src/pb/authpb.ts";
import { AUTH_SERVICE } from "../../src/pb/services.ts";
import type { CallOptions, GrpcClient } from "./grpc_client.ts";

/** The metadata of a call with a token; without one for undefined. */
export function withToken(token: string | undefined): CallOptions {
  return token === undefined ? {} : { metadata: { token } };
}

/** The calls that change users and roles, in the name of whoever has the token. */
export class AuthAdmin {
  readonly #client: GrpcClient;
  readonly #options: CallOptions;

  constructor(client: GrpcClient, token?: string) {
    this.#client = client;
    this.#options = withToken(token);
  }

  enable(): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.authEnable, {}, this.#options);
  }

  disable(): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.authDisable, {}, this.#options);
  }

  async status(): Promise<{ enabled: boolean; revision: number }> {
    const status = await this.#client.call(AUTH_SERVICE.authStatus, {}, this.#options);
    return { enabled: status.enabled, revision: status.authRevision };
  }

  addUser(name: string, password: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.userAdd, { name, password }, this.#options);
  }

  addUserWithoutPassword(name: string): Promise<unknown> {
    const options = UserAddOptions.create({ noPassword: true });
    return this.#client.call(AUTH_SERVICE.userAdd, { name, options }, this.#options);
  }

  deleteUser(name: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.userDelete, { name }, this.#options);
  }

  changePassword(name: string, password: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.userChangePassword, { name, password }, this.#options);
  }

  grantRole(user: string, role: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.userGrantRole, { user, role }, this.#options);
  }

  revokeRole(name: string, role: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.userRevokeRole, { name, role }, this.#options);
  }

  async rolesOf(name: string): Promise<string[]> {
    const user: AuthUserGetResponse = await this.#client.call(
      AUTH_SERVICE.userGet,
      { name },
      this.#options,
    );
    return user.roles;
  }

  async users(): Promise<string[]> {
    return (await this.#client.call(AUTH_SERVICE.userList, {}, this.#options)).users;
  }

  addRole(name: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.roleAdd, { name }, this.#options);
  }

  deleteRole(role: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.roleDelete, { role }, this.#options);
  }

  grant(role: string, key: string, rangeEnd = "", permType: number = PermissionType.READWRITE) {
    const perm = Permission.create({ permType, key, rangeEnd });
    return this.#client.call(AUTH_SERVICE.roleGrantPermission, { name: role, perm }, this.#options);
  }

  grantNothing(role: string): Promise<unknown> {
    return this.#client.call(AUTH_SERVICE.roleGrantPermission, { name: role }, this.#options);
  }

  revoke(role: string, key: string, rangeEnd = ""): Promise<unknown> {
    const fields = { role, key, rangeEnd };
    return this.#client.call(AUTH_SERVICE.roleRevokePermission, fields, this.#options);
  }

  async permissionsOf(role: string): Promise<Permission[]> {
    return (await this.#client.call(AUTH_SERVICE.roleGet, { role }, this.#options)).perm;
  }

  async roles(): Promise<string[]> {
    return (await this.#client.call(AUTH_SERVICE.roleList, {}, this.#options)).roles;
  }
}

/** Asks for a token. */
export async function authenticate(
  client: GrpcClient,
  name: string,
  password: string,
): Promise<string> {
  return (await client.call(AUTH_SERVICE.authenticate, { name, password })).token;
}

/** Makes the user root with the password "root", enables authentication and logs in. */
export async function enableAuth(client: GrpcClient): Promise<string> {
  const admin = new AuthAdmin(client);
  await admin.addUser("root", "root");
  await admin.grantRole("root", "root");
  await admin.enable();
  return await authenticate(client, "root", "root");
}

/** Makes a user with a role of the same name, and logs in. */
export async function addUserWithRole(
  client: GrpcClient,
  rootToken: string,
  name: string,
): Promise<string> {
  const admin = new AuthAdmin(client, rootToken);
  await admin.addUser(name, name);
  await admin.addRole(name);
  await admin.grantRole(name, name);
  return await authenticate(client, name, name);
}
