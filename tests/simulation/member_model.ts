import { ETCD_ERRORS } from "../../src/core/errors.ts";
import { txnCostBytes } from "../../src/core/quota/request_cost.ts";
import {
  AlarmAction,
  type AlarmRequest,
  type AuthUserAddRequest,
  type AuthUserGrantRoleRequest,
  type LeaseGrantRequest,
} from "../../src/pb/etcdserverpb.ts";
import { ModelStore } from "../mvcc/model_store.ts";
import type { Action } from "./actions.ts";

/** A user as the model has it. */
interface ModelUser {
  /** The text of the password's hash. */
  readonly passwordHash: string;
  readonly roles: Set<string>;
}

/** What a member has to be, as one would explain it. */
export class MemberModel {
  readonly store = new ModelStore();
  readonly leaseTtls = new Map<bigint, number>();
  hasAlarm = false;
  readonly roles = new Set<string>();
  readonly users = new Map<string, ModelUser>();
  /** Counts the changes of roles and users. */
  authRevision = 1;

  /** Throws etcd's error, having changed nothing, if the action is refused. */
  apply(action: Action): void {
    if (this.hasAlarm && takesSpace(action)) throw ETCD_ERRORS.noSpace;
    switch (action.kind) {
      case "put":
        this.store.put(action.request);
        break;
      case "delete":
        this.store.deleteRange(action.request);
        break;
      case "txn":
        this.store.txn(action.request);
        break;
      case "grant":
        this.#grant(action.request);
        break;
      case "revoke":
        this.#revoke(action.request.id);
        break;
      case "compact":
        this.store.compact(action.request.revision);
        break;
      case "alarm":
        this.#setAlarm(action.request);
        break;
      case "addRole":
        this.#addRole(action.request.name);
        break;
      case "deleteRole":
        this.#deleteRole(action.request.role);
        break;
      case "addUser":
        this.#addUser(action.request);
        break;
      case "deleteUser":
        this.#deleteUser(action.request.name);
        break;
      case "grantRole":
        this.#grantRole(action.request);
    }
  }

  #grant({ id, ttl }: LeaseGrantRequest): void {
    if (this.leaseTtls.has(id)) throw ETCD_ERRORS.leaseExist;
    this.leaseTtls.set(id, ttl);
    this.store.leases.add(id);
  }

  #revoke(id: bigint): void {
    if (!this.leaseTtls.delete(id)) throw ETCD_ERRORS.leaseNotFound;
    const keys = this.store.keysOf(id);
    this.store.leases.delete(id);
    this.store.deleteKeys(keys);
  }

  #addRole(name: string): void {
    if (this.roles.has(name)) throw ETCD_ERRORS.roleAlreadyExist;
    this.roles.add(name);
    this.authRevision++;
  }

  #deleteRole(name: string): void {
    if (!this.roles.delete(name)) throw ETCD_ERRORS.roleNotFound;
    for (const { roles } of this.users.values()) roles.delete(name);
    this.authRevision++;
  }

  #addUser({ name, hashedPassword }: AuthUserAddRequest): void {
    if (this.users.has(name)) throw ETCD_ERRORS.userAlreadyExist;
    this.users.set(name, { passwordHash: atob(hashedPassword), roles: new Set() });
    this.authRevision++;
  }

  #deleteUser(name: string): void {
    if (!this.users.delete(name)) throw ETCD_ERRORS.userNotFound;
    this.authRevision++;
  }

  #grantRole({ user: name, role }: AuthUserGrantRoleRequest): void {
    const user = this.users.get(name);
    if (user === undefined) throw ETCD_ERRORS.userNotFound;
    if (!this.roles.has(role)) throw ETCD_ERRORS.roleNotFound;
    if (user.roles.has(role)) return;
    user.roles.add(role);
    this.authRevision++;
  }

  #setAlarm({ action }: AlarmRequest): void {
    this.hasAlarm = action === AlarmAction.ACTIVATE;
  }
}

function takesSpace(action: Action): boolean {
  if (action.kind === "txn") return txnCostBytes(action.request) > 0;
  return action.kind === "put" || action.kind === "grant";
}
