import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { compareTexts } from "../../base/text_order.ts";
import { User as StoredUser, type UserAddOptions } from "../../pb/authpb.ts";

/** The user, and the role, that may do everything. */
export const ROOT = "root";

/** A user as it is at some auth revision; a change makes a new one. */
export interface AuthUser {
  readonly name: string;
  /** The text of a bcrypt hash; empty if no password fits. */
  readonly passwordHash: Uint8Array;
  /** Names, sorted. */
  readonly roles: readonly string[];
  /** Undefined where etcd 3.3 or older made the user. */
  readonly options: Readonly<UserAddOptions> | undefined;
}

/** Whether the user comes in by a certificate only. */
export function hasNoPassword(user: AuthUser): boolean {
  return user.options?.noPassword === true;
}

/** Whether the user may do everything. */
export function hasRootRole(user: AuthUser): boolean {
  return user.roles.includes(ROOT);
}

/** The user with one role more. */
export function withRole(user: AuthUser, role: string): AuthUser {
  return { ...user, roles: [...user.roles, role].sort(compareTexts) };
}

/** The user without a role; the same user if the role is not there. */
export function withoutRole(user: AuthUser, role: string): AuthUser {
  if (!user.roles.includes(role)) return user;
  return { ...user, roles: user.roles.filter((name) => name !== role) };
}

/** The user as etcd stores it. */
export function encodeUser({ name, passwordHash, roles, options }: AuthUser): Uint8Array {
  return StoredUser.encode({
    name: bytesFromText(name),
    password: passwordHash,
    roles: [...roles],
    options: options && { ...options },
  });
}

/** Reads what `encodeUser` or etcd wrote. Throws DecodeError. */
export function decodeUser(bytes: Uint8Array): AuthUser {
  const { name, password, roles, options } = StoredUser.decode(bytes);
  return { name: textFromBytes(name), passwordHash: password.slice(), roles, options };
}
