/** Every bound of authentication, each with its reason. */
export const AUTH_LIMITS = {
  /**
   * Passwords that wait to be hashed: at the usual cost more would wait longer than requests may.
   * Where there are more, the greediest address loses one, of its greediest connection.
   */
  waitingHashes: 128,
  /** Of one connection: a client asks for one at a time, a proxy for those of its clients. */
  waitingHashesPerConnection: 32,
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
  /** How long a member goes on believing tokens at most when its clock is set forward. */
  longestSweepDelayMs: 10_000,
  /** Names in certificates that are remembered with what goes into the log for them. */
  namedRequesters: 1_000,
} as const;
