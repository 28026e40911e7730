/** Every bound of the v3 services, each with its reason. */
export const V3_LIMITS = {
  /** Keys that a range may read in one turn: about 3 ms. A larger range is read in slices. */
  rangeKeysPerTurn: 10_000,
  /** Bytes of pairs that are encoded in one turn: about 2 ms. */
  rangeBytesPerTurn: 4 * 1024 * 1024,
  /** Keys on leases that are compared with somebody's rights in one turn: about 2 ms. */
  checkedKeysPerTurn: 10_000,
  /** Bytes of a snapshot that are read, hashed and sent in one turn: about 2 ms. */
  snapshotBytesPerTurn: 1024 * 1024,
  /**
   * Images of the B-tree file that are streamed or hashed at the same time. As long as one is held,
   * the pages that writes free cannot be written again, so that slow clients make the file grow.
   * Whoever makes backups needs one; etcd has no bound.
   */
  pinnedImages: 8,
  /** Requests in all whose tokens wait to be verified; one that would go beyond is refused. */
  heldRequestBytes: 64 * 1024 * 1024,
  /** Small ones are held all the same: so many tokens as may wait make up as much again. */
  freelyHeldBytes: 4 * 1024,
  /** Responses of a watch for an Observe stream that wait for its client; then the hub holds back. */
  innerWatchResponses: 16,
} as const;
