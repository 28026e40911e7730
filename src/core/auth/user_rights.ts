import { type Permission, PermissionType } from "../../pb/authpb.ts";
import { KeyRanges } from "./key_ranges.ts";
import type { AuthRole } from "./role.ts";
import { type AuthUser, hasRootRole } from "./user.ts";

/** What a user may do at some auth revision: all that the roles allow, put together. */
export class UserRights {
  readonly isRoot: boolean;
  readonly readable: KeyRanges;
  readonly writable: KeyRanges;

  constructor(user: AuthUser, roles: ReadonlyMap<string, AuthRole>) {
    const permissions = user.roles.flatMap((name) => roles.get(name)?.permissions ?? []);
    this.isRoot = hasRootRole(user);
    this.readable = new KeyRanges(allowing(permissions, PermissionType.READ));
    this.writable = new KeyRanges(allowing(permissions, PermissionType.WRITE));
  }
}

function allowing(permissions: readonly Permission[], type: number): Permission[] {
  return permissions.filter(({ permType }) =>
    permType === type || permType === PermissionType.READWRITE
  );
}
