/** Every bound of the client, each with its reason. */
export const CLIENT_LIMITS = {
  /** How long connecting may take when nothing is said, as in etcdctl. */
  dialTimeoutMs: 2_000,
  /** A lost connection is made anew after this time at first, ... */
  reconnectFirstMs: 100,
  /** ... and after this at most: a server that comes back should not wait for its clients. */
  reconnectMostMs: 3_000,
  /** A silent connection with calls on it is probed this often; servers refuse less than 5 s. */
  keepAliveTimeMs: 10_000,
  /** A probe without an answer ends the connection, which is how a dead peer is noticed. */
  keepAliveTimeoutMs: 6_000,
  /** A read that cannot be served is tried again for this long: an election takes 1 to 2 s. */
  readRetryMs: 3_000,
  /** What broke is tried again after this time at first (reads, watches, keep-alives), ... */
  retryFirstMs: 50,
  /** ... then after twice as long each time, up to this. */
  retryMostMs: 2_000,
  /** Batches that wait for a slow loop; then the server is asked to hold back. */
  watchQueueBatches: 64,
  /** The same in bytes, because one batch may hold megabytes. */
  watchQueueBytes: 4 * 1024 * 1024,
  /** Pieces of a backup that wait for a slow loop; some milliseconds of a fast network. */
  snapshotQueueBytes: 2 * 1024 * 1024,
  /** A keep-alive is sent so many times in each lifetime of a lease, so that two may get lost. */
  keepAlivesPerTtl: 3,
  /** Leases of days are renewed this often: timers end at 2^31 ms, and servers get restarted. */
  keepAliveIntervalMostMs: 3_600_000,
  /** Streams opened within this time share a token; older ones may expire while the stream opens. */
  streamTokenAgeMs: 5_000,
  /** Pairs in one page of a mirror's base, as in etcd's make-mirror. */
  mirrorPageKeys: 1_000,
  /** Rounds of an optimistic update before it gives up: somebody else writes all the time. */
  updateAttempts: 100,
} as const;
