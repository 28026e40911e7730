import type { Requester } from "../../core/auth/requester.ts";
import {
  AuthDisableRequest,
  AuthEnableRequest,
  AuthRoleAddRequest,
  AuthRoleDeleteRequest,
  AuthRoleGrantPermissionRequest,
  AuthRoleRevokePermissionRequest,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserDeleteRequest,
  AuthUserGrantRoleRequest,
  AuthUserRevokeRoleRequest,
} from "../../pb/etcdserverpb.ts";
import type { MessageCodec } from "../../pb/codec.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { WaitedOperation, type Waiter } from "./operation.ts";
import { passwordHashOf } from "./password_hash.ts";

/** A change of who there is and who may do what, which only root may make. */
export class AuthChangeOperation extends WaitedOperation<void> {
  readonly field: number;
  readonly #change: (state: AppliedState) => void;

  constructor(
    field: number,
    change: (state: AppliedState) => void,
    waiter: Waiter<void> | undefined,
    requester: Requester,
  ) {
    super(waiter, requester);
    this.field = field;
    this.#change = change;
  }

  protected perform(state: AppliedState): void {
    state.auth.checkRoot(this.requester);
    this.#change(state);
  }
}

/** One kind of change: how it is read and what it does. */
export class AuthChange<Request> {
  readonly field: number;
  readonly request: MessageCodec<Request>;
  readonly #change: (state: AppliedState, request: Request) => void;

  constructor(
    field: number,
    request: MessageCodec<Request>,
    change: (state: AppliedState, request: Request) => void,
  ) {
    this.field = field;
    this.request = request;
    this.#change = change;
  }

  /** The operation for a request. */
  operation(
    request: Request,
    waiter: Waiter<void> | undefined,
    requester: Requester,
  ): AuthChangeOperation {
    const change = (state: AppliedState): void => this.#change(state, request);
    return new AuthChangeOperation(this.field, change, waiter, requester);
  }

  /** The operation that an entry has in bytes[start, end). */
  read(bytes: Uint8Array, start: number, end: number, requester: Requester): AuthChangeOperation {
    return this.operation(this.request.decode(bytes, start, end), undefined, requester);
  }
}

/** All kinds of changes. */
export const AuthChanges = {
  enable: new AuthChange(
    OperationField.AUTH_ENABLE,
    AuthEnableRequest,
    ({ auth }) => auth.enable(),
  ),
  disable: new AuthChange(
    OperationField.AUTH_DISABLE,
    AuthDisableRequest,
    ({ auth, tokens }) => {
      auth.disable();
      tokens.forgetAll();
    },
  ),
  userAdd: new AuthChange(
    OperationField.AUTH_USER_ADD,
    AuthUserAddRequest,
    ({ auth }, request) => {
      const noPassword = request.options?.noPassword ?? false;
      auth.addUser({
        name: request.name,
        passwordHash: noPassword ? new Uint8Array(0) : passwordHashOf(request),
        noPassword,
      });
    },
  ),
  userDelete: new AuthChange(
    OperationField.AUTH_USER_DELETE,
    AuthUserDeleteRequest,
    ({ auth, tokens }, { name }) => {
      auth.deleteUser(name);
      tokens.forgetUser(name);
    },
  ),
  userChangePassword: new AuthChange(
    OperationField.AUTH_USER_CHANGE_PASSWORD,
    AuthUserChangePasswordRequest,
    ({ auth, tokens }, request) => {
      auth.changePassword(request.name, () => passwordHashOf(request));
      tokens.forgetUser(request.name);
    },
  ),
  userGrantRole: new AuthChange(
    OperationField.AUTH_USER_GRANT_ROLE,
    AuthUserGrantRoleRequest,
    ({ auth }, { user, role }) => auth.grantRole(user, role),
  ),
  userRevokeRole: new AuthChange(
    OperationField.AUTH_USER_REVOKE_ROLE,
    AuthUserRevokeRoleRequest,
    ({ auth }, { name, role }) => auth.revokeRole(name, role),
  ),
  roleAdd: new AuthChange(
    OperationField.AUTH_ROLE_ADD,
    AuthRoleAddRequest,
    ({ auth }, { name }) => auth.addRole(name),
  ),
  roleDelete: new AuthChange(
    OperationField.AUTH_ROLE_DELETE,
    AuthRoleDeleteRequest,
    ({ auth }, { role }) => auth.deleteRole(role),
  ),
  roleGrantPermission: new AuthChange(
    OperationField.AUTH_ROLE_GRANT_PERMISSION,
    AuthRoleGrantPermissionRequest,
    ({ auth }, { name, perm }) => auth.grantPermission(name, perm),
  ),
  roleRevokePermission: new AuthChange(
    OperationField.AUTH_ROLE_REVOKE_PERMISSION,
    AuthRoleRevokePermissionRequest,
    ({ auth }, { role, key, rangeEnd }) => auth.revokePermission(role, key, rangeEnd),
  ),
} as const;

/** How the operation of an entry is read, by its field number in InternalRaftRequest. */
export const AUTH_CHANGES: ReadonlyMap<number, Pick<AuthChange<unknown>, "read">> = new Map(
  Object.values(AuthChanges).map((change) => [change.field, change]),
);
