/** Every bound of the debugging pages, each with its reason. */
export const DEBUG_LIMITS = {
  /** What a profile lasts unless it is said, as in Go. */
  defaultProfileSeconds: 30,
  /** A longer profile is refused: V8 keeps a sample for each millisecond in memory. */
  maxProfileSeconds: 600,
  /** The time between two samples of a profile of the processor. */
  cpuSampleIntervalUs: 1_000,
  /** Bytes allocated between two samples of the heap, as in Go; more would slow down allocating. */
  heapSampleBytes: 512 * 1024,
} as const;
