/** Every bound of the configuration room, each with its reason. */
export const CONFIG_LIMITS = {
  /** A config file is a page of text; more is the wrong file, which must not fill the memory. */
  configFileBytes: 1024 * 1024,
  /** The deepest key is `discovery-config: client: secure: cert`; lists stand one deeper. */
  configFileDepth: 8,
  /** Keys and values in a config file; YAML's aliases could make a short text stand for billions. */
  configFileValues: 2_000,
  /** The longest election timeout that etcd takes, in milliseconds. */
  electionMs: 50_000,
  /** Pairs are evicted by whole slabs of this size, so that less memory would hold none. */
  leastValueCacheBytes: 1024 * 1024,
  /** Traced requests per million, of course. */
  tracingSamplesPerMillion: 1_000_000,
  /** The last traces are not worth it that the end of a server waits longer for their collector. */
  tracingCloseMs: 2_000,
  /** Hosts that one SRV record set may name; a cluster has seven members at the most. */
  srvRecords: 100,
  /** Equal log messages in one second before they are thinned out, as etcd's logger does. */
  logMessagesBeforeSampling: 100,
  /** From then on one in this many is written. */
  logSamplingStep: 100,
  /** Different messages counted in one second; the program has far fewer. */
  logMessagesCounted: 4_096,
  /** Lines that wait for a journal which takes none; the next go to standard error. */
  journalLines: 1_000,
  /** The longest text of one field of a log line; a request's key may be a megabyte long. */
  logFieldCharacters: 4_096,
} as const;
