/** The bounds of bcrypt itself. */
export const BCRYPT_LIMITS = {
  /** What is shorter is no obstacle to anybody. */
  minCost: 4,
  /** Two to the power of it has to fit into 32 bits. */
  maxCost: 31,
  /** How many bytes of a password count: the cipher has as many of subkeys. */
  passwordBytes: 72,
} as const;
