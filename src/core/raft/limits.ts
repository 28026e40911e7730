/** Every bound of Raft, each with its reason. */
export const RAFT_LIMITS = {
  /**
   * Bytes of entries handed out in one go to be written and synced, and at least one entry. Encoding
   * and writing so much takes about 5 ms, in which nothing else goes on; and a sync for some
   * thousand small entries is no burden on each.
   */
  readyBytes: 2 * 1024 * 1024,
} as const;
