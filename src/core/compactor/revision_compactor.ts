import type { AutoCompactor } from "./auto_compactor.ts";

const LOOK_INTERVAL_MS = 5 * 60 * 1000;

/** Keeps a number of revisions. */
export class RevisionCompactor implements AutoCompactor {
  readonly lookIntervalMs = LOOK_INTERVAL_MS;
  readonly #retainedRevisions: number;
  #compactedRevision = 0;

  constructor(retainedRevisions: number) {
    this.#retainedRevisions = retainedRevisions;
  }

  look(_nowMs: number, currentRevision: number, leads: boolean): number | undefined {
    const revision = currentRevision - this.#retainedRevisions;
    return leads && revision > 0 && revision !== this.#compactedRevision ? revision : undefined;
  }

  compacted(revision: number): void {
    this.#compactedRevision = revision;
  }
}
