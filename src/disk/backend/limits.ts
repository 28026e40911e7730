/** Every bound and size of this room, each with its reason. */
export const BACKEND_LIMITS = {
  /** How long a walk through the file goes on before others get their turn; the most is 10 ms. */
  turnMs: 3,
  /** A look at the clock costs about as much as visiting a pair; so many pairs take some 50 us. */
  pairsPerClockCheck: 64,
  /** Large values take longer: hashing so many bytes takes about 0.1 ms. */
  bytesPerClockCheck: 256 * 1024,
  /** Neighbouring leaves are read in one call, which takes about 0.1 ms for this many bytes. */
  readWindowBytes: 256 * 1024,
  /** Slots of a new table of fingerprints (3 KiB, and there are 256); it grows with the keys. */
  fingerprintSlots: 1 << 8,
  /** The table grows when so much of it is taken; beyond, probes get long. */
  fingerprintLoad: 3 / 4,
} as const;
