/**
 * Where the canonical `mvccpb.KeyValue` encoding of a pair lies. The bytes belong to the store:
 * they stay as they are for as long as anybody holds the reference, and are not to be written to.
 */
export interface KeyValueRef {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** One change of one key: what a watch event tells. */
export interface Change {
  /** The main revision; the changes of one transaction share it. */
  readonly revision: number;
  readonly key: string;
  readonly deleted: boolean;
  /** The pair as an event carries it: after a delete it holds `key` and `mod_revision` only. */
  readonly keyValue: KeyValueRef;
  /** A put that made the key (version 1). */
  readonly created: boolean;
  /** The pair as it was before this change; undefined if there was none or it is compacted. */
  previous(): KeyValueRef | undefined;
}

/** The changes that a store still remembers, oldest first. */
export interface ChangeLog {
  readonly currentRevision: number;
  /**
   * Changes below this revision may be missing and are not shown; those of this very revision are
   * all there, so a watch may start at it. -1 if nothing was ever compacted.
   */
  readonly compactedRevision: number;
  /**
   * Visits all changes with `from <= revision <= to`, in order. When `visit` returns false, the
   * rest of that revision is still visited and nothing behind it. A change is valid only while it
   * is being visited: the log may use one object for all of them.
   */
  scan(from: number, to: number, visit: (change: Change) => boolean): void;
  /**
   * The same for the keys in [key, rangeEnd) only, with etcd's two special ends: "" for the one
   * key and "\0" for every key from `key` on.
   */
  scanRange(
    key: string,
    rangeEnd: string,
    from: number,
    to: number,
    visit: (change: Change) => boolean,
  ): void;
}
