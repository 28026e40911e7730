import { bytesFromText } from "../../base/bytes.ts";
import { sha1 } from "../../base/sha1.ts";

/**
 * The ID that etcd computes for a member: the first eight bytes of the SHA-1 over its sorted peer
 * URLs and, for a member of the first configuration, the cluster token.
 */
export function computeMemberId(peerUrls: readonly string[], clusterToken: string): bigint {
  return firstUint64(sha1(bytesFromText([...peerUrls].sort().join("") + clusterToken)));
}

/** The ID of a cluster: the same hash over the member IDs in ascending order, big-endian. */
export function computeClusterId(memberIds: readonly bigint[]): bigint {
  const bytes = new DataView(new ArrayBuffer(memberIds.length * 8));
  const ascending = [...memberIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  ascending.forEach((id, i) => bytes.setBigUint64(i * 8, id));
  return firstUint64(sha1(new Uint8Array(bytes.buffer)));
}

/** Member and cluster IDs as etcd prints them: lower-case hex without leading zeros. */
export function formatId(id: bigint): string {
  return id.toString(16);
}

function firstUint64(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset, 8).getBigUint64(0);
}
