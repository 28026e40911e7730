/** The end of an interval that goes to the last key there is. */
export const TO_THE_END = "\0";

/** Keys as requests name them: one, if there is no end, or all from `key` up to `rangeEnd`. */
export interface KeyInterval {
  readonly key: string;
  readonly rangeEnd: string;
}

/** The first key behind all that begin with the prefix. */
export function prefixEndOf(prefix: string): string {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const code = prefix.charCodeAt(i);
    if (code < 0xff) return prefix.slice(0, i) + String.fromCharCode(code + 1);
  }
  return TO_THE_END;
}

/** Whether a key lies in an interval. */
export function contains(interval: KeyInterval, key: string): boolean {
  return key >= interval.key && isBeforeEnd(key, interval);
}

/** Whether two intervals have a key in common. */
export function overlaps(a: KeyInterval, b: KeyInterval): boolean {
  return isBeforeEnd(a.key, b) && isBeforeEnd(b.key, a);
}

function isBeforeEnd(key: string, interval: KeyInterval): boolean {
  if (interval.rangeEnd === "") return key <= interval.key;
  return interval.rangeEnd === TO_THE_END || key < interval.rangeEnd;
}
