/** Every bound of the HTTP side, each with its reason. */
export const HTTP_LIMITS = {
  /** The body of a request for a user handler; a larger one is cut off with 413. */
  userRequestBytes: 16 * 1024 * 1024,

  /**
   * Bodies for user handlers whose end has not come yet, over all requests, as for the JSON gateway:
   * who would go beyond is answered 503.
   */
  heldUserBytes: 256 * 1024 * 1024,

  /** A streamed body goes out in pieces of at most this size, between which the client may lag. */
  sentPieceBytes: 64 * 1024,

  /**
   * Scrapes that wait for their text; more are told to come later. Prometheus scrapes once in some
   * seconds, and each answer takes a hundred kilobytes until it is sent.
   */
  waitingScrapes: 100,
} as const;
