/** Every bound of the server room, each with its reason. */
export const SERVER_LIMITS = {
  /**
   * Bytes of proposals that wait for their sync. etcd refuses proposals when its apply backlog is
   * 5000 entries; here entries are applied as soon as they commit, so what can pile up is what
   * the disk has not taken yet. 256 MiB is about two seconds of a fast disk.
   */
  pendingProposalBytes: 256 * 1024 * 1024,
  /** What goes first under overload may fill it twice, as etcd's bound of entries is doubled. */
  pendingPriorityBytes: 512 * 1024 * 1024,
  /** gRPC messages may be larger than a request by what stands around it, as in etcd. */
  messageOverheadBytes: 512 * 1024,
  /** The longest time that one turn of the event loop may spend applying entries. */
  applySliceMs: 5,
  /** Entries applied between two looks at the clock; looking costs as much as a small put. */
  applyEntriesPerClockCheck: 64,
  /** The same for large ones: about 0.2 ms of small puts in transactions. */
  applyBytesPerClockCheck: 32 * 1024,
  /** Ranges of one key that share one measurement of time, for the same reason. */
  rangesPerTimedRange: 16,
  /** How far the log in memory may grow beyond what is kept of it, so that cutting is rare. */
  logEntriesSlack: 5_000,
  /** The same for a member that is alone and keeps nothing. */
  soleLogEntriesSlack: 64,
  /** The longest time that a checkpoint holds up others while it collects what changed. */
  checkpointTurnMs: 2,
  /** Changes handed over to a checkpoint between two looks at the clock: about 0.1 ms. */
  checkpointChangesPerClockCheck: 256,
  /** Values are dropped from memory in slices of this many bytes: about 1 ms. */
  evictedBytesPerTurn: 4 * 1024 * 1024,
  /** At full speed snapshot-count entries pass in a tenth of a second; this much is between two. */
  snapshotSpacingMs: 1_000,
  /** Time between two checks for corruption at least, so that they leave room for work. */
  corruptionCheckSpacingMs: 10,
  /** How often expired leases are looked for, as in etcd. */
  leaseExpiryScanMs: 500,
  /** Expired leases revoked in one scan, as in etcd: at most 1000 a second. */
  leaseExpiriesPerScan: 500,
  /** How often leases are looked for that are to be checkpointed, as in etcd, ... */
  leaseCheckpointScanMs: 500,
  /** ... how many of them one log entry tells of, ... */
  leaseCheckpointsPerBatch: 1_000,
  /** ... and how many such entries one scan makes at most: 1000 a second. */
  leaseCheckpointBatchesPerScan: 500,
  /** A lease is checkpointed this long after its grant or its last checkpoint, as in etcd. */
  leaseCheckpointIntervalMs: 5 * 60 * 1000,
  /** How often the leader looks whether the cluster is to have another version, as in etcd. */
  clusterVersionCheckMs: 4_000,
  /** The work of one slice of compaction, in steps of the store. */
  compactionStepsPerSlice: 2_000,
  /** The work of one slice of hashing, in steps of the store: about 2 ms. */
  hashStepsPerSlice: 2_000,
  /** The work of one slice of catching up slow watchers, in changes read. */
  watchCatchUpSteps: 2_000,
} as const;
