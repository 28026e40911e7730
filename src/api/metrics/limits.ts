/** Every bound of the metrics, each with its reason. */
export const METRICS_LIMITS = {
  /**
   * Client versions that are told apart. Clients say what they like, and each version is a line of
   * every scrape for ever; the versions of etcd's clients since 3.5 are a dozen.
   */
  clientVersions: 64,
  /** How long printing holds up others before it lets them have their turn. */
  printTurnMs: 2,
  /** The longest version that is taken for one. */
  clientVersionCharacters: 64,
} as const;
