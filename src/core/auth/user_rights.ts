import { coverTogether, type KeyRanges } from "./key_ranges.ts";
import type { RoleRights } from "./role_rights.ts";
import { type AuthUser, hasRootRole } from "./user.ts";

/** What a user may do at some auth revision: all that the roles allow together. */
export class UserRights {
  readonly isRoot: boolean;
  readonly #readable: readonly KeyRanges[];
  readonly #writable: readonly KeyRanges[];

  constructor(user: AuthUser, roles: readonly RoleRights[]) {
    this.isRoot = hasRootRole(user);
    this.#readable = roles.map(({ readable }) => readable);
    this.#writable = roles.map(({ writable }) => writable);
  }

  /** Whether the user may read all keys of a range; its end is as in a range request. */
  mayRead(key: string, rangeEnd: string): boolean {
    return coverTogether(this.#readable, key, rangeEnd);
  }

  /** Whether the user may write them. */
  mayWrite(key: string, rangeEnd: string): boolean {
    return coverTogether(this.#writable, key, rangeEnd);
  }
}
