import { formatId } from "./member_id.ts";

/** The directories of etcd's v2 store: what belongs to the cluster, and what users keep there. */
export const V2_CLUSTER_PATH = "/0";
export const V2_USERS_PATH = "/1";
export const V2_MEMBERS_PATH = "/0/members";
export const V2_REMOVED_MEMBERS_PATH = "/0/removed_members";
export const V2_VERSION_PATH = "/0/version";

const ATTRIBUTES_PATTERN = /^\/0\/members\/([0-9a-f]{1,16})\/attributes$/i;
const MEMBER_ID_PATTERN = /^[0-9a-f]{1,16}$/i;

/** The key under which a member publishes its name and its client URLs. */
export function v2AttributesPath(memberId: bigint): string {
  return `${V2_MEMBERS_PATH}/${formatId(memberId)}/attributes`;
}

/** The member whose attributes have this path; undefined for any other path. */
export function memberOfV2AttributesPath(path: string): bigint | undefined {
  const match = ATTRIBUTES_PATTERN.exec(path);
  return match === null ? undefined : BigInt(`0x${match[1]}`);
}

/** The member that a directory of the v2 store is named after; undefined for another name. */
export function memberOfV2Name(name: string): bigint | undefined {
  return MEMBER_ID_PATTERN.test(name) ? BigInt(`0x${name}`) : undefined;
}
