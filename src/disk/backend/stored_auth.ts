import { bytesEqual, bytesFromText, latin1FromBytes } from "../../base/bytes.ts";
import type { StoredAuth } from "../../core/auth/auth_changes.ts";
import { type AuthRole, decodeRole } from "../../core/auth/role.ts";
import { type AuthUser, decodeUser } from "../../core/auth/user.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import {
  BadValue,
  checkLength,
  forEachPair,
  type KeyAndValue,
  mapPairs,
  toUint64Number,
} from "./pair_walk.ts";
import { AUTH_ENABLED_KEY, AUTH_REVISION_KEY, Bucket } from "./schema.ts";

/**
 * Reads users, roles and whether they count. A value that etcd cannot have written is a DiskError
 * with file, bucket and key.
 */
export function readStoredAuth(read: ReadTransaction): StoredAuth {
  let enabled: boolean | undefined;
  let revision = 1;
  forEachPair(read, Bucket.AUTH, ({ key, value }) => {
    const name = latin1FromBytes(key);
    if (name === AUTH_ENABLED_KEY) enabled = toFlag(value);
    else if (name === AUTH_REVISION_KEY) revision = toUint64Number(value);
    // A damaged name must not switch authentication off.
    else throw new BadValue("etcd has no such pair");
  });
  return {
    enabled,
    revision,
    users: mapPairs(read, Bucket.AUTH_USERS, toUser),
    roles: mapPairs(read, Bucket.AUTH_ROLES, toRole),
  };
}

function toFlag(value: Uint8Array): boolean {
  checkLength(value, 1);
  if (value[0] > 1) throw new BadValue("it is neither 0 nor 1");
  return value[0] === 1;
}

function toUser({ key, value }: KeyAndValue): AuthUser {
  const user = decodeUser(value);
  checkName(key, user.name);
  return user;
}

function toRole({ key, value }: KeyAndValue): AuthRole {
  const role = decodeRole(value);
  checkName(key, role.name);
  return role;
}

function checkName(key: Uint8Array, name: string): void {
  if (!bytesEqual(key, bytesFromText(name))) throw new BadValue(`it is of ${name}`);
}
