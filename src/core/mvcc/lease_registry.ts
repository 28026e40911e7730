/** What the store needs to know of leases, and what it tells them. */
export interface LeaseRegistry {
  /** Whether a lease of this ID has been granted and not yet revoked. */
  has(id: bigint): boolean;
  /** The key now hangs on the lease. */
  attach(id: bigint, key: string): void;
  /** The key no longer hangs on the lease; harmless if the lease is gone. */
  detach(id: bigint, key: string): void;
}
