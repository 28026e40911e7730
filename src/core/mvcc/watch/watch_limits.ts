/** The names of the bounds, so that a test can have smaller ones. */
export type WatchLimits = {
  readonly [name in keyof typeof WATCH_LIMITS]: number;
};

/** The bounds of the watch hub. */
export const WATCH_LIMITS = {
  /**
   * A response is closed at the end of the revision that takes it past so many bytes. Large enough
   * to make headers cheap, far below the 4 MiB that gRPC clients accept unless told otherwise.
   */
  responseSoftBytes: 256 * 1024,
  /**
   * Changes that one slice of catching up reads; etcd puts as many revisions into one batch. Some
   * hundred microseconds, so that the streams take turns often.
   */
  sliceChanges: 1000,
  /** Delivering so many bytes counts as much work as reading one change. */
  bytesPerStep: 1024,
  /** Looking at so many watchers counts as much work as reading one change. */
  looksPerStep: 8,
  /**
   * What a response holds beside its events, at most: a header of four 64-bit numbers, the watch
   * ID and the fragment flag.
   */
  responseOverheadBytes: 64,
  /** A progress notification comes up to this part of its interval late, so that not all come at once. */
  progressJitter: 0.1,
  /** Watchers of one hub. etcd knows no bound; so many take up to a gigabyte here. */
  watchers: 1_000_000,
} as const;
