import { createHash } from "node:crypto";

/** The SHA-1 hash of bytes. etcd derives its member and cluster IDs from it; it guards nothing. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return createHash("sha1").update(bytes).digest();
}
