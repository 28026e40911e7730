/** Every bound of the HTTP/1.1 side, each with its reason. */
export const HTTP_LIMITS = {
  /** The body of a request for a user handler; a larger one is cut off with 413. */
  userRequestBytes: 16 * 1024 * 1024,
} as const;
