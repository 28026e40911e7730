import type { Permission } from "../../pb/authpb.ts";

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
 * one binary search to find whether a range lies within.
 */
export class KeyRanges {
  readonly #starts: string[] = [];
  readonly #ends: string[] = [];

  constructor(permissions: readonly Permission[]) {
    // Old versions of etcd let others be granted, which never matched a key.
    const granted = permissions.filter(({ key, rangeEnd }) => isGrantable(key, rangeEnd));
    granted.sort((a, b) => a.key < b.key ? -1 : Number(a.key > b.key));
    for (const { key, rangeEnd } of granted) this.#append(key, endOf(key, rangeEnd));
  }

  /** Whether all keys of a range are inside; its end is as in a range request. */
  covers(key: string, rangeEnd: string): boolean {
    const index = this.#lastStartingUpTo(key);
    if (index < 0) return false;
    const end = this.#ends[index];
    if (end === NO_END) return true;
    if (key >= end) return false;
    return rangeEnd === "" || (rangeEnd !== OPEN_END && rangeEnd <= end);
  }

  /** Adds a range that starts behind the start of the last one. */
  #append(start: string, end: string): void {
    const last = this.#ends.length - 1;
    const isApart = last < 0 || (this.#ends[last] !== NO_END && this.#ends[last] < start);
    if (isApart) {
      this.#starts.push(start);
      this.#ends.push(end);
    } else if (this.#ends[last] !== NO_END && (end === NO_END || end > this.#ends[last])) {
      this.#ends[last] = end;
    }
  }

  #lastStartingUpTo(key: string): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function endOf(key: string, rangeEnd: string): string {
  if (rangeEnd === "") return key + "\0";
  return rangeEnd === OPEN_END ? NO_END : rangeEnd;
}
