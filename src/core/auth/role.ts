import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { type Permission, PermissionType, Role as StoredRole } from "../../pb/authpb.ts";
import { firstPermissionFrom } from "./permission_order.ts";

/** A role as it is at some auth revision; a change makes a new one. */
export interface AuthRole {
  readonly name: string;
  /** Sorted by key; those of the same key in the order in which they were granted. */
  readonly permissions: readonly Permission[];
}

/** What etcd says the role root has, whatever is granted to it. */
export const ROOT_PERMISSION: Readonly<Permission> = {
  permType: PermissionType.READWRITE,
  key: "",
  rangeEnd: "\0",
};

/**
 * The role with a permission more, or with another one for the same keys. As in etcd a permission
 * is only found again if it is the first one of its key: granted once more, another one comes in
 * twice.
 */
export function withPermission(role: AuthRole, granted: Permission): AuthRole {
  const permissions = role.permissions.slice();
  const first = firstPermissionFrom(permissions, granted.key);
  const found: Permission | undefined = permissions[first];
  if (found !== undefined && isOfSameKeys(found, granted)) permissions[first] = granted;
  else {
    const behind = firstPermissionFrom(permissions, `${granted.key}\0`);
    permissions.splice(behind, 0, granted);
  }
  return { ...role, permissions };
}

/** The role without what was granted for these very keys; the same role if nothing was. */
export function withoutPermission(role: AuthRole, key: string, rangeEnd: string): AuthRole {
  const permissions = role.permissions.filter((one) => !isOfSameKeys(one, { key, rangeEnd }));
  return permissions.length === role.permissions.length ? role : { ...role, permissions };
}

function isOfSameKeys(
  a: { readonly key: string; readonly rangeEnd: string },
  b: { readonly key: string; readonly rangeEnd: string },
): boolean {
  return a.key === b.key && a.rangeEnd === b.rangeEnd;
}

/** The role as etcd stores it. */
export function encodeRole({ name, permissions }: AuthRole): Uint8Array {
  return StoredRole.encode({ name: bytesFromText(name), keyPermission: [...permissions] });
}

/** Reads what `encodeRole` or etcd wrote. Throws DecodeError. */
export function decodeRole(bytes: Uint8Array): AuthRole {
  const { name, keyPermission } = StoredRole.decode(bytes);
  return { name: textFromBytes(name), permissions: keyPermission };
}
