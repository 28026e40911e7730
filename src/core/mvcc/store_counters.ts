/** What the store has done since it was made, for the metrics of the same names. */
export interface StoreCounters {
  /** Range requests, those in transactions too. */
  ranges: number;
  puts: number;
  deletes: number;
  /** Transactions with more than one operation. */
  txns: number;
  /** Bytes of the keys and values put. */
  putBytes: number;
  /** Changes that compactions removed. */
  compactedChanges: number;
}
