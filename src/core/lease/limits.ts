/** The bounds of the lease room. */
export const LEASE_LIMITS = {
  /** The longest time to live that etcd grants: 9,000,000,000 seconds, about 285 years. */
  maxTtlSeconds: 9_000_000_000,
  /** From so many leases on, a new leader spreads the expiries: etcd revokes 1000 in a second. */
  spreadFromLeases: 1000,
  /** At most so many expire within a second after the spreading: 3/4 of what is revoked, as in etcd. */
  spreadExpiriesPerSecond: 750,
} as const;
