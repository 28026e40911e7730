import { QUOTA_LIMITS } from "./limits.ts";

/** How large the stored state is. */
export interface DatabaseSize {
  /** What it takes on disk, with the space that is free for reuse. */
  readonly totalBytes: number;
  /** What of that holds data. */
  readonly inUseBytes: number;
}

/** The bound on the stored state. What would reach it is refused. */
export class Quota {
  /** The bound as it is told to clients: negative when there is none. */
  readonly quotaBytes: number;
  readonly #limitBytes: number;
  readonly #size: DatabaseSize;

  /** `configuredBytes` is `--quota-backend-bytes`: 0 is the default, negative is no bound. */
  constructor(configuredBytes: number, size: DatabaseSize) {
    this.quotaBytes = configuredBytes === 0 ? QUOTA_LIMITS.defaultBytes : configuredBytes;
    this.#limitBytes = configuredBytes < 0 ? Infinity : this.quotaBytes;
    this.#size = size;
  }

  /** Whether a request of this cost still fits; one that takes no space always does. */
  fits(costBytes: number): boolean {
    return costBytes === 0 || this.#size.totalBytes + costBytes < this.#limitBytes;
  }
}
