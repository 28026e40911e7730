import { GrpcCode } from "../../../base/grpc_code.ts";
import type { Client } from "../client.ts";
import { ClientError } from "../client_error.ts";
import type { KeyValue } from "./key_value.ts";
import type { BytesLike } from "./keys.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import type { PutOptions } from "./requests.ts";
import type { CallOptions } from "../transport/transport.ts";
import { compare, type Condition, op } from "./txn.ts";

/** Puts a key only if it is not there; see {@linkcode Client.putIfAbsent}. */
export function putIfAbsent(
  client: Client,
  key: BytesLike,
  value: BytesLike,
  options: PutOptions & CallOptions,
): Promise<boolean> {
  return putIf(client, compare.createRevision(key, "=", 0), key, value, options);
}

/** Puts a key only if its value is what one expects; see {@linkcode Client.compareAndSwap}. */
export function compareAndSwap(
  client: Client,
  key: BytesLike,
  expected: BytesLike | undefined,
  value: BytesLike,
  options: PutOptions & CallOptions,
): Promise<boolean> {
  if (expected === undefined) return putIfAbsent(client, key, value, options);
  return putIf(client, compare.value(key, "=", expected), key, value, options);
}

/** Changes a key by a function of its pair; see {@linkcode Client.update}. */
export async function update(
  client: Client,
  key: BytesLike,
  change: (current: KeyValue | undefined) => BytesLike | undefined,
  options: CallOptions,
): Promise<boolean> {
  for (let attempt = 0; attempt < CLIENT_LIMITS.updateAttempts; attempt++) {
    const current = await client.get(key, options);
    const value = change(current);
    if (value === undefined) return false;
    const unchanged = compare.modRevision(key, "=", current?.modRevision ?? 0);
    const put = { ...options, ignoreLease: current !== undefined };
    if (await putIf(client, unchanged, key, value, put)) return true;
  }
  throw new ClientError(
    GrpcCode.Aborted,
    `Cannot update the key: somebody else changed it ${CLIENT_LIMITS.updateAttempts} times`,
  );
}

async function putIf(
  client: Client,
  condition: Condition,
  key: BytesLike,
  value: BytesLike,
  options: PutOptions & CallOptions,
): Promise<boolean> {
  const { succeeded } = await client.txn()
    .if(condition)
    .success(op.put(key, value, options))
    .commit(options);
  return succeeded;
}
