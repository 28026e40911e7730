/** Every bound of authentication, each with its reason. */
export const AUTH_LIMITS = {
  /**
   * Passwords that wait to be hashed: at the usual cost more would wait longer than requests may.
   * Where there are more, the greediest address loses one, of its greediest connection.
   */
  waitingHashes: 128,
  /** Of one connection: a client asks for one at a time, a proxy for those of its clients. */
  waitingHashesPerConnection: 64,
  /** The work of one turn where there is no worker, in rounds of bcrypt: about 4 ms. */
  bcryptRoundsPerTurn: 64,
  /** A worker that nobody needs any more ends, and gives its memory back. */
  idleWorkerMs: 10_000,
  /**
   * Every login makes a token; beyond this, the oldest ones go before their time. All of them are
   * looked at in one turn: about 3 ms.
   */
  simpleTokens: 100_000,
  /** How often simple tokens are looked at for those that have run out, as in etcd. */
  tokenSweepMs: 1_000,
  /** JSON web tokens that were verified are remembered, so that each costs its signature once. */
  verifiedTokens: 10_000,
  /**
   * JSON web tokens that wait to be verified: those of ten thousand clients that come back at once.
   * Where there are more, the greediest address loses one.
   */
  waitingTokens: 16_384,
  /** Of one connection. A client has one token, a proxy those of its clients. */
  waitingTokensPerConnection: 1_024,
  /** Verifications under way: more than there are threads for them. */
  runningVerifications: 32,
  /** Verifications that begin in one turn: each takes up to 0.2 ms of the event loop. */
  verificationsPerTurn: 16,
  /** How long a member goes on believing tokens at most when its clock is set forward. */
  longestSweepDelayMs: 10_000,
  /** Names in certificates that are remembered with what goes into the log for them. */
  namedRequesters: 1_000,
} as const;
