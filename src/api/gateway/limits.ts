const KIB = 1024;
const MIB = 1024 * KIB;

/** Every bound of the JSON gateway, each with its reason. */
export const GATEWAY_LIMITS = {
  /**
   * How many times larger than a message its JSON may be. Base64 takes 4/3, names and quotes make
   * small messages several times larger, but one that is near the bound consists of values.
   */
  jsonFactor: 4,

  /**
   * Bodies whose end has not come yet, over all requests; as for unfinished messages of gRPC. A
   * request that would go beyond is refused.
   */
  maxUnfinishedBytes: 256 * MIB,

  /** A larger response is written in steps, so that others get their turns. */
  stepwiseFromBytes: 128 * KIB,

  /** One step: some 100 us of work. */
  stepBytes: 64 * KIB,

  /** Steps in one turn of the event loop. */
  stepsPerTurn: 16,
} as const;
