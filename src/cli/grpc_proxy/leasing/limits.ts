/** Every bound of this room, each with its reason. */
export const LEASING_LIMITS = {
  /** What the servers wait before they give away the keys of a proxy that has died, as in etcd. */
  sessionTtlSeconds: 60,
  /** Keys that one proxy owns: what is read all the time is fewer, and each is a key of the store. */
  ownedKeys: 16_384,
  /** Bytes of the pairs that are kept of them: few large ones must not fill the memory. */
  cachedBytes: 64 * 1024 * 1024,
  /** A key that nobody has read for so long makes room for another one. */
  idleMs: 60_000,
  /** A key that another proxy wanted is not asked for again in this time, as in etcd. */
  backoffMs: 2_000,
  /** Callers by their tokens that are known to may read one key; most keys have few readers. */
  readersPerKey: 16,
  /**
   * A caller who was let read a key is not asked for in this time: so much longer than with the servers
   * alone somebody may read who has lost the right to.
   */
  permissionMs: 60_000,
  /** Leasing keys in one answer: decoding them takes about a millisecond. */
  listedKeys: 500,
  /** Keys that one write asks others for at the same time, each with a watch of its own. */
  revocationsAtOnce: 16,
  /** An owner that has not let go in this time is asked again: it may not have heard. */
  revocationWaitMs: 5_000,
  /** What failed in asking an owner or in letting a key go is tried again after this time. */
  retryMs: 250,
  /** A session that could not be had is tried again after this time at first, ... */
  sessionRetryFirstMs: 1_000,
  /** ... then after twice as long each time, up to this: servers may refuse it for ever. */
  sessionRetryMostMs: 30_000,
  /** Operations in one transaction, which is what servers take at most unless told otherwise. */
  txnOps: 128,
  /** A server that does not answer what the proxy itself asks in this time is as good as gone. */
  callTimeoutMs: 5_000,
  /** What giving all keys back at once may take; without it others wait for the lease to end. */
  farewellMs: 2_000,
} as const;
