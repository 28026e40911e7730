/** Every bound of the store, each with its reason. */
export const STORE_LIMITS = {
  /**
   * Units of 8 bytes in a chunk of key records (512 KiB). A record's address is chunk number and
   * unit in 31 bits, so that it stays a small integer: 16 GiB of records at most.
   */
  keyChunkUnits: 1 << 16,
  /** A record longer than a quarter of a chunk gets a chunk of its own size, to waste little. */
  sharedKeyRecordUnits: 1 << 14,
  /** Slots of one segment of the key hash (16 KiB): splitting one takes about 20 us. */
  hashSegmentSlots: 1 << 11,
  /** A segment splits when three quarters are taken; beyond, probes get long. */
  hashSegmentLoad: 3 << 9,
  /** How many bits of a hash choose the segment: 65 536 segments hold 100 million keys. */
  hashDirectoryBits: 16,
  /**
   * Slots looked at for one key. Random keys stay far below; keys made to collide go to the tree
   * instead, which bounds what they can cost.
   */
  hashProbes: 256,
  /** Changes in one chunk of the revision log (384 KiB). */
  changesPerChunk: 1 << 13,
  /** Revisions in one chunk of the index from revision to first change (64 KiB). */
  revisionsPerChunk: 1 << 14,
  /** Histories up to this length are walked step by step and need no jumps. */
  shortHistory: 16,
  /** Bytes of one slab of values. Giving one back costs at most the copy of half of it. */
  slabBytes: 1 << 20,
  /** An item longer than a quarter of a slab gets a slab of its own size, to waste little. */
  sharedSlabItems: 4,
  /** A budget for values is kept in so many slabs at least: whole slabs are evicted. */
  slabsPerBudget: 16,
  /** Smaller slabs would be more bookkeeping than values. */
  smallestSlabBytes: 256,
  /** Keys or changes that a slice of a restoration sorts or looks at: about a millisecond. */
  restoredKeysPerSlice: 1 << 12,
  /** Leaves of 64 keys that a slice of a restoration makes: about a millisecond too. */
  restoredLeavesPerSlice: 1 << 7,
  /** Hashes that compactions made: etcd keeps so many to compare them among members. */
  keptCompactionHashes: 10,
  /**
   * A watch that reads old changes of few keys follows the keys' histories; this is how many
   * changes the log may be searched for each key before following them is cheaper.
   */
  scannedChangesPerKey: 8,
} as const;
