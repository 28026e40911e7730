/** Every bound of the client, each with its reason. */
export const CLIENT_LIMITS = {
  /** Batches that wait for a slow loop; then the server is asked to hold back. */
  watchQueueBatches: 64,
  /** A broken watch is resumed after this time, ... */
  watchRetryFirstMs: 50,
  /** ... then after twice as long each time, up to this. */
  watchRetryMostMs: 2_000,
  /** A keep-alive is sent so many times in each lifetime of a lease, so that two may get lost. */
  keepAlivesPerTtl: 3,
  /** Rounds of an optimistic update before it gives up: somebody else writes all the time. */
  updateAttempts: 100,
} as const;
