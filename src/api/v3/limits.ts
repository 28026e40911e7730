/** Every bound of the v3 services, each with its reason. */
export const V3_LIMITS = {
  /** Keys that a range may read in one turn: about 3 ms. A larger range is read in slices. */
  rangeKeysPerTurn: 10_000,
  /** Bytes of pairs that are encoded in one turn: about 2 ms. */
  rangeBytesPerTurn: 4 * 1024 * 1024,
} as const;
