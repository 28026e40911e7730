/** Every bound and size of this room, each with its reason. */
export const BTREE_LIMITS = {
  /** bbolt's own bound. */
  keyBytes: 32_768,
  /** bbolt's own bound; what a caller may store is bounded far below it, by the request size. */
  valueBytes: 0x7fff_fffe,
  /** Where bbolt begins to look for a second meta page when the first one is damaged. */
  minPageBytes: 1024,
  /** The largest memory page of any system that Go runs on, and so the largest page that bbolt chooses. */
  maxPageBytes: 65_536,
  /** What bbolt chooses on nearly every machine. */
  newFilePageBytes: 4096,
  /** Page numbers are kept in sets of bits and in 32-bit arithmetic: 16 TB of 4 KiB pages. */
  pageCount: 0xffff_ffff,
  /** A tree of ten billion pairs has less than twenty levels; a deeper one is a circle. */
  depth: 64,
  /** Holds the branch pages of some ten million keys, besides what is read often. */
  cacheBytes: 32 * 1024 * 1024,
  /** What a cached page takes beside its bytes: its objects and its entries in the cache. */
  cachedPageOverheadBytes: 512,
  /** New pairs are collected in pieces, of which the first has this size: enough for some puts. */
  arenaFirstChunkBytes: 8 * 1024,
  /** Each piece is twice as large as the one before, up to this; a larger pair gets its own. */
  arenaChunkBytes: 256 * 1024,
  /** Pieces are kept for the next transaction up to this: a checkpoint at full speed takes half. */
  keptArenaBytes: 8 * 1024 * 1024,
  /** Neighbouring pages are written in one call, which takes about 0.1 ms for this many bytes. */
  writeBufferBytes: 256 * 1024,
  /**
   * A copy of a whole file is synced piece by piece: the syncs of the log, for which clients wait,
   * would have to wait for all that is unsynced.
   */
  bulkBytesPerSync: 4 * 1024 * 1024,
  /** Neighbouring pages are read in one call while the file is opened; takes about 0.1 ms. */
  readWindowBytes: 256 * 1024,
  /** How long work goes on before others get their turn; no turn may last longer than 10 ms. */
  turnMs: 3,
  /** What a check reports at most: a broken file would fill memory with messages. */
  findings: 100,
} as const;
