import { bytesFromText } from "../../base/bytes.ts";
import { InternalRaftRequest } from "../../pb/etcdserverpb.ts";
import { type Entry, EntryType } from "../../pb/raftpb.ts";
import { newPasswordHasher } from "../auth/new_password_hasher.ts";
import type { PasswordHasher } from "../auth/password_hasher.ts";
import { layoutOf } from "../operations/entry_layout.ts";
import { OperationField } from "../operations/field.ts";
import { lacksHash, type LoggedPassword } from "../operations/password_hash.ts";
import type { ServerConfig } from "../server_config.ts";

/**
 * etcd before 3.5 wrote passwords into its log, and every member made a hash of its own when it
 * applied them. That takes too long to be done then: the entries in memory that are still to be
 * applied, those behind `appliedIndex`, get their hashes now, beside the passwords.
 */
export async function hashOldPasswords(
  entries: readonly Entry[],
  appliedIndex: number,
  config: ServerConfig,
): Promise<void> {
  const old = entries.filter((entry) => entry.index > appliedIndex && mayHavePassword(entry));
  if (old.length === 0) return;
  const hasher = newPasswordHasher(config);
  try {
    for (const entry of old) await hashPassword(entry, hasher);
  } finally {
    hasher.close();
  }
}

function mayHavePassword({ type, data }: Entry): boolean {
  if (type !== EntryType.EntryNormal || data === undefined || data.length === 0) return false;
  const { isBareV2, field } = layoutOf(data);
  if (isBareV2) return false;
  return field === OperationField.AUTH_USER_ADD ||
    field === OperationField.AUTH_USER_CHANGE_PASSWORD;
}

async function hashPassword(entry: Entry, hasher: PasswordHasher): Promise<void> {
  const request = InternalRaftRequest.decode(entry.data ?? new Uint8Array(0));
  const logged: LoggedPassword | undefined = request.authUserAdd ?? request.authUserChangePassword;
  if (logged === undefined || !lacksHash(logged)) return;
  const hash = await hasher.hashLogged(logged.password);
  logged.hashedPassword = bytesFromText(hash).toBase64();
  entry.data = InternalRaftRequest.encode(request);
}
