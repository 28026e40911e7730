/** Decides when old revisions go by themselves. */
export interface AutoCompactor {
  /** The time between two looks. */
  readonly lookIntervalMs: number;
  /**
   * Looks at the store's current revision. Returns the revision to compact at, if it is time and
   * this member leads.
   */
  look(nowMs: number, currentRevision: number, leads: boolean): number | undefined;
  /** The compaction that was due is done, by this member or by somebody else. */
  compacted(revision: number, nowMs: number): void;
}
