/** Every bound of the quota, each with its reason. */
export const QUOTA_LIMITS = {
  /** The quota when none is given, as in etcd: what a small disk and a restart bear easily. */
  defaultBytes: 2 * 1024 ** 3,
  /** Beyond this etcd warns: whatever handles the whole state at once gets slow. */
  advisedBytes: 8 * 1024 ** 3,
} as const;
