import { compareBytes, EMPTY_BYTES } from "../../base/bytes.ts";
import { type Compare, CompareResult, CompareTarget } from "../../pb/etcdserverpb.ts";
import { KeyValueFields } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";

const fields = new KeyValueFields();

/** Whether all conditions hold; none at all hold too. */
export function allHold(keyspace: Keyspace, compares: readonly Compare[]): boolean {
  for (const compare of compares) if (!holds(keyspace, compare)) return false;
  return true;
}

/**
 * Whether the condition holds for every key of its range. If there is none, the missing key
 * counts as one with zeros everywhere; its value equals nothing, not even the empty value.
 */
function holds(keyspace: Keyspace, compare: Compare): boolean {
  const records = keyspace.liveRecords(compare.key, compare.rangeEnd);
  if (records.length === 0) {
    return compare.target !== CompareTarget.VALUE &&
      matches(compare.result, orderOfMissing(compare));
  }
  for (const record of records) {
    if (!matches(compare.result, orderOf(keyspace, record, compare))) return false;
  }
  return true;
}

/** Whether an order is what a condition asks for. Results that etcd does not know always match. */
export function matches(result: number, order: number): boolean {
  if (result === CompareResult.EQUAL) return order === 0;
  if (result === CompareResult.NOT_EQUAL) return order !== 0;
  if (result === CompareResult.GREATER) return order > 0;
  return result === CompareResult.LESS ? order < 0 : true;
}

/** A target that etcd does not know counts as equal, an operand that is not there as zero. */
function orderOf(keyspace: Keyspace, record: number, compare: Compare): number {
  const { table } = keyspace.index;
  switch (compare.target) {
    case CompareTarget.VERSION:
      return table.version(record) - (compare.version ?? 0);
    case CompareTarget.CREATE:
      return table.createRevision(record) - (compare.createRevision ?? 0);
    case CompareTarget.MOD:
      return table.modRevision(record) - (compare.modRevision ?? 0);
    case CompareTarget.LEASE:
      return orderOfLeases(table.lease(record), compare.lease ?? 0n);
    case CompareTarget.VALUE:
      return orderOfValue(keyspace, record, compare.value ?? EMPTY_BYTES);
    default:
      return 0;
  }
}

function orderOfMissing(compare: Compare): number {
  switch (compare.target) {
    case CompareTarget.VERSION:
      return -(compare.version ?? 0);
    case CompareTarget.CREATE:
      return -(compare.createRevision ?? 0);
    case CompareTarget.MOD:
      return -(compare.modRevision ?? 0);
    case CompareTarget.LEASE:
      return orderOfLeases(0n, compare.lease ?? 0n);
    default:
      return 0;
  }
}

/** Negative, zero or positive, as the ID `a` is less than `b`, equal or greater. */
export function orderOfLeases(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function orderOfValue(keyspace: Keyspace, record: number, value: Uint8Array): number {
  const pair = keyspace.latestPair(record);
  fields.read(pair);
  return compareBytes(pair.bytes.subarray(fields.valueStart, fields.valueEnd), value);
}
