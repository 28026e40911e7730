import { type Permission, PermissionType } from "../../pb/authpb.ts";
import { KeyRanges } from "./key_ranges.ts";
import { inKeyOrder } from "./permission_order.ts";
import type { AuthRole } from "./role.ts";

/**
 * What a role allows, put together: for a role of many permissions that takes long, so that a change
 * of one of them is worked in where it belongs.
 */
export class RoleRights {
  readonly readable: KeyRanges;
  readonly writable: KeyRanges;
  /** Whether the role's permissions are in the order of their keys, as etcd keeps them. */
  readonly #isInOrder: boolean;

  private constructor(readable: KeyRanges, writable: KeyRanges, isInOrder: boolean) {
    this.readable = readable;
    this.writable = writable;
    this.#isInOrder = isInOrder;
  }

  static of({ permissions }: AuthRole): RoleRights {
    const sorted = inKeyOrder(permissions);
    const rangesOf = (type: number) => {
      return KeyRanges.of(sorted.filter((permission) => allows(permission, type)));
    };
    return new RoleRights(
      rangesOf(PermissionType.READ),
      rangesOf(PermissionType.WRITE),
      sorted === permissions,
    );
  }

  /** The same once something has become of what the role allows with these very keys. */
  changed(role: AuthRole, key: string, rangeEnd: string): RoleRights {
    if (!this.#isInOrder) return RoleRights.of(role);
    const changed = (ranges: KeyRanges, type: number) => {
      return ranges.changed(role.permissions, key, rangeEnd, (one) => allows(one, type));
    };
    return new RoleRights(
      changed(this.readable, PermissionType.READ),
      changed(this.writable, PermissionType.WRITE),
      true,
    );
  }
}

function allows({ permType }: Permission, type: number): boolean {
  return permType === type || permType === PermissionType.READWRITE;
}
