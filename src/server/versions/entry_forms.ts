import type { CompatVersion } from "../../core/members/compat_version.ts";
import { memberOfV2AttributesPath, V2_VERSION_PATH } from "../../core/members/v2_keys.ts";
import {
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  Request,
} from "../../pb/etcdserverpb.ts";
import { ClusterVersionSetRequest } from "../../pb/membershippb.ts";
import { type Entry, EntryType } from "../../pb/raftpb.ts";
import { type EntryLayout, layoutOf } from "../operations/entry_layout.ts";
import { OperationField } from "../operations/field.ts";

/** The minor number of the first 3.x that knows an operation; 3.4 knows all others. */
const FIRST_MINORS: ReadonlyMap<number, number> = new Map([
  [OperationField.AUTH_STATUS, 5],
  [OperationField.CLUSTER_VERSION_SET, 5],
  [OperationField.CLUSTER_MEMBER_ATTR_SET, 5],
  [OperationField.DOWNGRADE_INFO_SET, 5],
  [OperationField.DOWNGRADE_VERSION_TEST, 6],
]);

/** The first 3.x that takes the hash of a password from the log; older ones would take none at all. */
const FIRST_MINOR_WITH_HASHES = 5;

/** The last 3.x that applies every request of the v2 API. */
const LAST_MINOR_OF_V2 = 5;
/** The last 3.x that applies those by which members publish themselves, and no others. */
const LAST_MINOR_OF_V2_PUBLISHING = 6;

/**
 * The first of the entries that an etcd of the given version would end at when it replays the log,
 * or undefined when it reads them all. Such entries are left in a log that was written for another
 * version; a Raft snapshot behind them spares etcd from meeting them.
 */
export function firstUnreadableEntry(
  entries: readonly Entry[],
  version: CompatVersion,
): Entry | undefined {
  return entries.find((entry) => !isReadableBy(entry, version));
}

function isReadableBy({ type, data }: Entry, version: CompatVersion): boolean {
  if (type !== EntryType.EntryNormal || data === undefined || data.length === 0) return true;
  const layout = layoutOf(data);
  if (layout.isBareV2) return isV2ReadableBy(Request.decode(data), version);
  return isOperationReadableBy(data, layout, version);
}

function isOperationReadableBy(
  data: Uint8Array,
  { field, start, end }: EntryLayout,
  version: CompatVersion,
): boolean {
  if (field === OperationField.V2) {
    return isV2ReadableBy(Request.decode(data, start, end), version);
  }
  if (version.minor < (FIRST_MINORS.get(field) ?? 0)) return false;
  if (version.minor < FIRST_MINOR_WITH_HASHES && hidesPassword(data, field, start, end)) {
    return false;
  }
  if (field !== OperationField.CLUSTER_VERSION_SET) return true;
  return version.runsIn(ClusterVersionSetRequest.decode(data, start, end).ver);
}

function isV2ReadableBy({ method, path, val }: Request, version: CompatVersion): boolean {
  const setsVersion = method === "PUT" && path === V2_VERSION_PATH;
  if (setsVersion && !version.runsIn(val)) return false;
  if (version.minor <= LAST_MINOR_OF_V2) return true;
  const publishes = setsVersion ||
    (method === "PUT" && memberOfV2AttributesPath(path) !== undefined);
  return publishes && version.minor <= LAST_MINOR_OF_V2_PUBLISHING;
}

/** Whether an entry sets a password and has only the hash of it. */
function hidesPassword(data: Uint8Array, field: number, start: number, end: number): boolean {
  const codec = field === OperationField.AUTH_USER_ADD
    ? AuthUserAddRequest
    : field === OperationField.AUTH_USER_CHANGE_PASSWORD
    ? AuthUserChangePasswordRequest
    : undefined;
  const request = codec?.decode(data, start, end);
  return request !== undefined && request.hashedPassword !== "" && request.password === "";
}
