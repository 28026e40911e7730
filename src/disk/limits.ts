/** Every bound and size of this room, each with its reason. */
export const DISK_LIMITS = {
  /** etcd's segment size; a larger file is cut at the end of the batch that passed it. */
  walSegmentSizeBytes: 64_000_000,
  /**
   * How much of a segment is read at once. Entries are views of these chunks, so a chunk stays in
   * memory as long as one of its entries; and reading one takes about a millisecond, far from the
   * 10 that a turn may take.
   */
  walReadChunkBytes: 256 * 1024,
  /** What an entry's record takes beside the entry's data, rounded up: some sixty bytes. */
  walEntryOverheadBytes: 96,
  /**
   * The frame has 56 bits for a length, but V8's arrays and our 32-bit arithmetic end here. A batch
   * is bounded far below it by the bytes that raft keeps in flight.
   */
  walBatchBytes: 0x7fff_0000,
  /** What a disk writes wholly or not at all; etcd counts with it, whatever the disk says. */
  sectorBytes: 512,
  /**
   * A .snap file holds the member list, not the data: some kilobytes. It is read in one piece, so a
   * damaged or foreign file must not take all memory.
   */
  snapFileBytes: 512 * 1024 * 1024,
  /** Long enough for any name of a holder; whatever else the file has become must not flood a message. */
  holderBytes: 200,
} as const;
