import type { Permission } from "../../pb/authpb.ts";
import { firstPermissionFrom } from "./permission_order.ts";

/** As the end of a range: every key from its start on. */
const OPEN_END = "\0";
/** As the end of a merged range: behind every key. */
const NO_END = "";

/** Whether a permission may be granted for these keys: one key, a range, or all from a key on. */
export function isGrantable(key: string, rangeEnd: string): boolean {
  if (key === "") return false;
  return rangeEnd === "" || rangeEnd === OPEN_END || key < rangeEnd;
}

/**
 * A set of keys, as the union of what permissions allow: disjoint ranges in order, so that it takes
 * one binary search to find the range of a key. It never changes.
 */
export class KeyRanges {
  readonly #starts: readonly string[];
  readonly #ends: readonly string[];

  private constructor(starts: readonly string[], ends: readonly string[]) {
    this.#starts = starts;
    this.#ends = ends;
  }

  /** The ranges of permissions that come in the order of their keys. */
  static of(permissions: readonly Permission[]): KeyRanges {
    const starts: string[] = [];
    const ends: string[] = [];
    for (const { key, rangeEnd } of permissions) {
      // Old versions of etcd let others be granted, which never matched a key.
      if (isGrantable(key, rangeEnd)) append(starts, ends, key, endOf(key, rangeEnd));
    }
    return new KeyRanges(starts, ends);
  }

  /** Where the range that a key is in ends, `NO_END` if nowhere; undefined if it is in none. */
  endAround(key: string): string | undefined {
    const index = countUpTo(this.#starts, key) - 1;
    if (index < 0) return undefined;
    const end = this.#ends[index];
    return end === NO_END || key < end ? end : undefined;
  }

  /**
   * The ranges of other permissions, which come in the order of their keys and differ from those
   * before only in those for these very keys. Looks only at the permissions around them, and takes
   * those that count.
   */
  changed(
    permissions: readonly Permission[],
    key: string,
    rangeEnd: string,
    counts: (permission: Permission) => boolean = () => true,
  ): KeyRanges {
    if (!isGrantable(key, rangeEnd)) return this;
    const [starts, ends] = [this.#starts, this.#ends];
    const end = endOf(key, rangeEnd);
    // The ranges that overlap with the keys, or begin or end beside them.
    const before = countUpTo(starts, key) - 1;
    const first = before >= 0 && reaches(ends[before], key) ? before : before + 1;
    const next = end === NO_END ? starts.length : countUpTo(starts, end);
    const start = first < next && starts[first] < key ? starts[first] : key;
    const last = first < next ? later(ends[next - 1], end) : end;
    const around = KeyRanges.of(permissionsWithin(permissions, start, last).filter(counts));
    return new KeyRanges(
      starts.slice(0, first).concat(around.#starts, starts.slice(next)),
      ends.slice(0, first).concat(around.#ends, ends.slice(next)),
    );
  }
}

/** Whether all keys of a range are in what several sets have together; its end is as in a request. */
export function coverTogether(
  sets: readonly KeyRanges[],
  key: string,
  rangeEnd: string,
): boolean {
  for (let reached = key;;) {
    const end = farthestAround(sets, reached);
    if (end === undefined) return false;
    if (end === NO_END || rangeEnd === "") return true;
    if (rangeEnd !== OPEN_END && rangeEnd <= end) return true;
    reached = end;
  }
}

/** How far one of the sets goes on from a key without a gap; undefined if none has the key. */
function farthestAround(sets: readonly KeyRanges[], key: string): string | undefined {
  let farthest: string | undefined;
  for (const set of sets) {
    const end = set.endAround(key);
    if (end !== undefined) farthest = farthest === undefined ? end : later(farthest, end);
  }
  return farthest;
}

/** Adds a range that starts behind the start of the last one. */
function append(starts: string[], ends: string[], start: string, end: string): void {
  const last = ends.length - 1;
  if (last < 0 || !reaches(ends[last], start)) {
    starts.push(start);
    ends.push(end);
  } else ends[last] = later(ends[last], end);
}

/** Those that begin in [start, end). */
function permissionsWithin(
  permissions: readonly Permission[],
  start: string,
  end: string,
): readonly Permission[] {
  const first = firstPermissionFrom(permissions, start);
  const next = end === NO_END ? permissions.length : firstPermissionFrom(permissions, end);
  return permissions.slice(first, next);
}

/** Whether a range with this end leaves no gap before a key. */
function reaches(end: string, key: string): boolean {
  return end === NO_END || end >= key;
}

function later(end: string, other: string): string {
  if (end === NO_END || other === NO_END) return NO_END;
  return end < other ? other : end;
}

/** How many of sorted texts are not behind this one. */
function countUpTo(texts: readonly string[], text: string): number {
  let [low, high] = [0, texts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (texts[middle] <= text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function endOf(key: string, rangeEnd: string): string {
  if (rangeEnd === "") return key + "\0";
  return rangeEnd === OPEN_END ? NO_END : rangeEnd;
}
