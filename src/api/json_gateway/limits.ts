const KIB = 1024;
const MIB = 1024 * KIB;

/** Every bound of the JSON gateway, each with its reason. */
export const GATEWAY_LIMITS = {
  /**
   * What stands around the values in the JSON of a request, which base64 makes a third longer: names,
   * quotes and braces take some 60 bytes for each operation of a transaction.
   */
  structureBytes: 1 * MIB,

  /**
   * One request of a stream, which is a key with some numbers and is read in one turn. A longer body
   * is read in steps.
   */
  streamedTextBytes: 512 * KIB,

  /**
   * Bodies whose end has not come yet, over all requests; as for unfinished messages of gRPC. A
   * request that would go beyond is refused.
   */
  maxUnfinishedBytes: 256 * MIB,

  /** A larger request or response is read or written in steps, so that others get their turns. */
  stepwiseFromBytes: 128 * KIB,

  /** One step: some 100 us of work on a response, up to a millisecond on a request. */
  stepBytes: 64 * KIB,

  /** Steps in one turn of the event loop. */
  stepsPerTurn: 16,

  /** The same for requests. A long value is read in one step, whatever its length. */
  readStepsPerTurn: 4,
} as const;
