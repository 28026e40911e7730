/** Where the server reports durations; counts are read from it instead. */
export interface ServerObserver {
  walSynced(durationMs: number): void;
  walWritten(durationMs: number, bytes: number): void;
}

/** An observer that does not look. */
export const silentObserver: ServerObserver = {
  walSynced: () => {},
  walWritten: () => {},
};
