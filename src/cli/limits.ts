/** Every bound of this room, each with its reason. */
export const CLI_LIMITS = {
  /** A server that takes longer to show its certificate is not worth waiting for. */
  handshakeMs: 5_000,
  /** A person reads no faster, and drawing more often would cost time. */
  progressRedrawMs: 100,
  /** Work that is over within this time needs no progress, where nobody counts on its lines. */
  progressQuietMs: 1000,
  /** Read at once where a file is read from its start to its end; takes about 0.1 ms. */
  fileChunkBytes: 256 * 1024,
  /** etcdutl tells after this time that it waits for a lock. */
  lockNoticeMs: 1000,
  /** How often a lock that somebody else holds is tried again: nobody notices a delay like this. */
  lockRetryMs: 50,
  /** A stream that reached no server is opened again after this time, which nobody notices. */
  reachAgainMs: 50,
  /** Keys under way to a mirror's destination at once; more would only wait there. */
  mirrorPutsAtOnce: 64,
  /** How long deleting, compacting or defragmenting may take behind a check, as in etcdctl. */
  tidyMs: 30_000,
  /** A server's page of metrics comes in this time, or something is wrong. */
  fetchTimeoutMs: 10_000,
  /** Larger than any page of metrics. */
  fetchedBytes: 16 * 1024 * 1024,
  /** What a dump shows of a key or value; the rest would make lines that nobody reads. */
  shownBytes: 128,
  /** More lines of the same kind tell nobody anything new about a broken file. */
  findings: 100,
} as const;
