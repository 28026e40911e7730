import type { AuthRole } from "./role.ts";
import type { AuthUser } from "./user.ts";

/** The whole auth state as it is stored. */
export interface StoredAuth {
  /** Undefined as long as nobody ever enabled authentication. */
  readonly enabled: boolean | undefined;
  readonly revision: number;
  readonly users: readonly AuthUser[];
  readonly roles: readonly AuthRole[];
}

/** What of the auth state has to be stored anew. */
export interface AuthChanges extends StoredAuth {
  readonly goneUsers: readonly string[];
  readonly goneRoles: readonly string[];
}

/** Remembers what has changed since it was last stored. */
export class AuthChangeLog {
  readonly #users = new Set<string>();
  readonly #roles = new Set<string>();
  #isEmpty = true;

  note(): void {
    this.#isEmpty = false;
  }

  noteUser(name: string): void {
    this.#users.add(name);
  }

  noteRole(name: string): void {
    this.#roles.add(name);
  }

  take(
    enabled: boolean | undefined,
    revision: number,
    users: ReadonlyMap<string, AuthUser>,
    roles: ReadonlyMap<string, AuthRole>,
  ): AuthChanges | undefined {
    if (this.#isEmpty) return undefined;
    this.#isEmpty = true;
    const [changedUsers, goneUsers] = split(this.#users, users);
    const [changedRoles, goneRoles] = split(this.#roles, roles);
    return { enabled, revision, users: changedUsers, goneUsers, roles: changedRoles, goneRoles };
  }
}

/** Empties the set of names. */
function split<T>(names: Set<string>, present: ReadonlyMap<string, T>): [T[], string[]] {
  const changed: T[] = [];
  const gone: string[] = [];
  for (const name of names) {
    const value = present.get(name);
    if (value === undefined) gone.push(name);
    else changed.push(value);
  }
  names.clear();
  return [changed, gone];
}
