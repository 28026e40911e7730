/**
 * Counts values by upper bounds, the way a Prometheus histogram does, without the library: one is
 * filled all the time and read only when somebody scrapes.
 */
export class BucketCounts {
  /** Ascending upper bounds, each of which belongs to its bucket. */
  readonly bounds: readonly number[];
  /** How many values fell into each bucket; the last counts what is above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  /** How many values there were. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  add(value: number): void {
    this.addMany(value, 1);
  }

  /** The same value so many times. */
  addMany(value: number, count: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > this.bounds[bucket]) bucket++;
    this.counts[bucket] += count;
    this.sum += value * count;
  }
}

/** Bounds from `first` on, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first * factor ** i);
}
